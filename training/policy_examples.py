"""The examples of policy gradients: a round's groups with the sampler's log-probabilities and rewards."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from cluster.errors import RequestError
from rollout.records import PreferenceGroup
from rollout.rewards import RewardsConfig, chain_reward
from training.chains import ScoredChain
from training.config import GrpoArm
from training.stored import Stored, chain_columns, chains_row, row_chains, write_stored
from training.trainers.policy import PolicyExample

_NUMBERS = pa.list_(pa.float64())
_SCHEMA = chain_columns(multiplicities=pa.list_(pa.int32()), rewards=_NUMBERS, behaviour=pa.list_(_NUMBERS))


def policy_examples(groups: Iterable[PreferenceGroup], arm: GrpoArm) -> Iterator[PolicyExample]:
    """Each group that has a token to learn from, in order, with the arm's rewards.

    Every token that the policy wrote is scored, in failed steps too: the reward says what they were worth. With
    `skip_equal`, groups in which all rewards are equal are left out. Raises RequestError for a chain without the
    sampler's log-probabilities.
    """
    for group in groups:
        example = policy_example(group, arm.rewards)
        if example is not None and not (arm.skip_equal and example.equal):
            yield example


def policy_example(group: PreferenceGroup, rewards: RewardsConfig | None = None) -> PolicyExample | None:
    """The example of a group; None where it has no token to learn from. `rewards`: as in an arm; None for the label
    alone. Raises RequestError as `policy_examples`."""
    prompt = tuple(group.prompt_ids)
    chains, behaviour, kept = [], [], []
    for chain in group.chains:
        marks = tuple(step >= 0 for step in chain.learnable)
        if not any(marks):
            continue
        if len(chain.logprobs) != len(marks):
            raise RequestError(
                f"{group.problem_id}: a chain has no log-probabilities of its sampler; GRPO learns from an arm's own "
                "rounds, which record them"
            )
        kept.append(chain)
        chains.append(ScoredChain(prompt + tuple(chain.token_ids), (False,) * len(prompt) + marks))
        behaviour.append(tuple(logp for logp, mark in zip(chain.logprobs, marks, strict=True) if mark))
    if not chains:
        return None
    return PolicyExample(
        problem_id=group.problem_id,
        chains=tuple(chains),
        multiplicities=tuple(chain.multiplicity for chain in kept),
        rewards=tuple(chain_reward(chain, rewards) for chain in kept),
        behaviour=tuple(behaviour),
    )


class StoredSamples(Stored[PolicyExample]):
    """The examples of a folder that `write_samples` made. Raises CorruptionError when it is not what was written."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, _SCHEMA, _example)


def write_samples(examples: Iterable[PolicyExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays. Raises RequestError."""
    without_any = (
        "no group to learn from: in every one all attempts came out alike; take problems that the policy solves "
        "sometimes, more samples a problem, or skip_equal = false"
    )
    write_stored(map(_row, examples), _SCHEMA, directory, without_any)


def _example(row: dict[str, Any]) -> PolicyExample:
    return PolicyExample(
        problem_id=row["problem_id"],
        chains=row_chains(row),
        multiplicities=tuple(row["multiplicities"]),
        rewards=tuple(row["rewards"]),
        behaviour=tuple(map(tuple, row["behaviour"])),
    )


def _row(example: PolicyExample) -> dict[str, Any]:
    return chains_row(
        example.problem_id,
        example.chains,
        multiplicities=example.multiplicities,
        rewards=example.rewards,
        behaviour=example.behaviour,
    )
