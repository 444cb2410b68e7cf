"""Whether an arm learns anything from a round's groups: what its trainer would make of them decides."""

from collections.abc import Iterable

from rollout.records import PreferenceGroup
from training.chains import scored_groups
from training.config import ArmConfig, DistillArm, DpoArm, SftArm
from training.selection import arm_groups


def learns_from(groups: Iterable[PreferenceGroup], arm: ArmConfig, max_tokens: int = 0) -> bool:
    """Whether the arm has an example of stored groups: a row of `sft`, a pair of `dpo`, a chain of `distill`, and of
    `grpo` a group with rewards above and below its mean. Reads no further than the first one. `max_tokens`: as in
    `training.policy_examples`.

    Raises RequestError for groups that the arm cannot learn from at all.
    """
    # Rows, chains of distillation and rewarded examples are imported where they are needed: they bring torch with them.
    taken = arm_groups(groups, arm)
    if isinstance(arm, DpoArm):
        return any(True for _ in scored_groups(taken, arm.scored))
    if isinstance(arm, SftArm):
        from training.sft import group_rows

        return any(group_rows(group, arm) for group in taken)
    if isinstance(arm, DistillArm):
        from training.distill.examples import distill_chains

        return any(distill_chains(group, arm) is not None for group in taken)
    from training.policy_examples import policy_examples

    return any(not example.equal for example in policy_examples(taken, arm, max_tokens))
