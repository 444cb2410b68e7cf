"""What an arm uses of a stored group: which of its chains, and how they pair. Pure and light.

Arms of one run share the stored groups and the reference's log-probabilities, and differ in what they use of them.
"""

from collections.abc import Iterable, Iterator

import msgspec

from cluster.errors import RequestError
from rollout.groups import choose_chains
from rollout.records import Chain, Outcome, PreferenceGroup
from training.chains import WELL_FORMED
from training.config import ArmConfig, DistillArm, DpoArm, GrpoArm, SftArm


def arm_group(group: PreferenceGroup, arm: ArmConfig) -> PreferenceGroup:
    """`group` as `arm` sees it: at most `max_right` and `max_wrong` of its chains, paired by the arm's rule.

    For a balanced arm it has no chain at all where the group lacks a kind. Its chains name their thoughts only for an
    arm that does not train on them. Raises RequestError for such an arm where the group does not say what is a thought.
    """
    kind = (arm.pairs if isinstance(arm, DpoArm) else None) or group.rule.kind
    rule = msgspec.structs.replace(group.rule, max_right=arm.max_right, max_wrong=arm.max_wrong, kind=kind)
    if arm.train_on_thoughts:
        chains = tuple(msgspec.structs.replace(chain, thought_tokens=()) for chain in group.chains)
    elif all(chain.thought_tokens for chain in group.chains):
        chains = group.chains
    else:
        raise RequestError(
            "train_on_thoughts = false, but the groups are of an older version, which did not say what is a thought; "
            "build them again (in a new run), or set it to true"
        )
    if isinstance(arm, SftArm) and arm.chains == "wrong":
        chains = tuple(chain for chain in chains if chain.label is Outcome.RIGHT or chain.error in WELL_FORMED)
    if arm.balanced:
        chains = tuple(chain for chain in chains if _learnable(chain, arm))
    # The stored order already has the error codes interleaved where the groups' rule asked for that.
    chains = choose_chains(chains, rule)
    if arm.balanced:
        of_each = min(sum((chain.label is Outcome.RIGHT) is kind for chain in chains) for kind in (True, False))
        both = msgspec.structs.replace(rule, max_right=of_each, max_wrong=of_each)
        chains = choose_chains(chains, both) if of_each else ()
    if isinstance(arm, DpoArm) and arm.pair_weights == "equal":
        chains = tuple(msgspec.structs.replace(chain, multiplicity=1) for chain in chains)
    return msgspec.structs.replace(group, chains=chains, rule=rule)


def arm_groups(groups: Iterable[PreferenceGroup], arm: ArmConfig) -> Iterator[PreferenceGroup]:
    """Each of `groups` as `arm` sees it, lazily."""
    return (arm_group(group, arm) for group in groups)


def _learnable(chain: Chain, arm: ArmConfig) -> bool:
    """Whether every method has a token of the chain to learn from: of right chains failed steps are none."""
    failed_too = not isinstance(arm, DpoArm) or arm.scored.failed_steps_in_wrong
    skipped = () if failed_too and chain.label is not Outcome.RIGHT else chain.failed_steps
    return any(step >= 0 and step not in skipped for step in chain.learnable)


def refuse_idle(arm: ArmConfig) -> None:
    """Raise ValueError, which begins with the key, for an option that would change nothing, or not be computed with.
    Recipes that somebody writes are asked; a run of an older version, which took such options, is still read."""
    if isinstance(arm, GrpoArm):
        if arm.rewards is not None:
            arm.rewards.refuse_unbounded()
        return
    chains = arm.chains if isinstance(arm, SftArm | DistillArm) else "all"
    other, limit = {"right": ("max_wrong", arm.max_wrong), "wrong": ("max_right", arm.max_right)}.get(chains, ("", 0))
    if limit and not arm.balanced:  # balanced arms take as many of these as of the others
        raise ValueError(
            f"{other} = {limit}: the arm learns from {chains} chains alone; leave it out, or set balanced = true"
        )
    if not isinstance(arm, DpoArm) and arm.balanced and arm.rounds is not None and arm.rounds.samples == 1:
        raise ValueError("rounds.samples = 1: a single attempt is never balanced; raise it, or leave balanced out")
