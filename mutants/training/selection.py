"""What an arm uses of a stored group: which of its chains, and how they pair. Pure and light.

Arms of one run share the stored groups and the reference's log-probabilities, and differ in what they use of them.
"""

from collections.abc import Iterable, Iterator

import msgspec

from rollout.groups import choose_chains
from rollout.records import PreferenceGroup
from training.config import ArmConfig, DpoArm


def arm_group(group: PreferenceGroup, arm: ArmConfig) -> PreferenceGroup:
    """`group` as `arm` sees it: at most `max_right` and `max_wrong` of its chains, paired by the arm's rule."""
    kind = (arm.pairs if isinstance(arm, DpoArm) else None) or group.rule.kind
    rule = msgspec.structs.replace(group.rule, max_right=arm.max_right, max_wrong=arm.max_wrong, kind=kind)
    # The stored order already has the error codes interleaved where the groups' rule asked for that.
    return msgspec.structs.replace(group, chains=choose_chains(group.chains, rule), rule=rule)


def arm_groups(groups: Iterable[PreferenceGroup], arm: ArmConfig) -> Iterator[PreferenceGroup]:
    """Each of `groups` as `arm` sees it, lazily."""
    return (arm_group(group, arm) for group in groups)
