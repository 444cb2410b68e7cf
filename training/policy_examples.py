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
"""Chains with scored tokens first, those without behind them; `behaviour` is of the first alone."""


def policy_examples(groups: Iterable[PreferenceGroup], arm: GrpoArm, max_tokens: int = 0) -> Iterator[PolicyExample]:
    """Each group that has a token to learn from, in order, with the arm's rewards.

    Every token that the policy wrote is scored, in failed steps too: the reward says what they were worth. A chain of
    more than `max_tokens` tokens with its prompt has no scored token, and counts in its group's mean as any other; 0
    scores all. With `skip_equal`, groups in which all rewards are equal are left out. Raises RequestError for a chain
    without the sampler's log-probabilities.
    """
    for group in groups:
        example = policy_example(group, arm.rewards, max_tokens)
        if example is not None and not (arm.skip_equal and example.equal):
            yield example


def policy_example(
    group: PreferenceGroup, rewards: RewardsConfig | None = None, max_tokens: int = 0
) -> PolicyExample | None:
    """The example of a group; None where it has no token to learn from. `rewards`: as in an arm; None for the label
    alone. `max_tokens` and what it raises: as in `policy_examples`."""
    prompt = tuple(group.prompt_ids)
    chains, behaviour, kept = list[ScoredChain](), [], []
    unscored, others = list[ScoredChain](), []
    for chain in group.chains:
        ids = prompt + tuple(chain.token_ids)
        fits = not max_tokens or len(ids) <= max_tokens
        marks = tuple(fits and step >= 0 for step in chain.learnable)
        if not any(marks):
            others.append(chain)
            unscored.append(ScoredChain(ids, (False,) * len(ids)))
            continue
        if len(chain.logprobs) != len(marks):
            raise RequestError(
                f"{group.problem_id}: a chain has no log-probabilities of its sampler; GRPO learns from an arm's own "
                "rounds, which record them"
            )
        kept.append(chain)
        chains.append(ScoredChain(ids, (False,) * len(prompt) + marks))
        behaviour.append(tuple(logp for logp, mark in zip(chain.logprobs, marks, strict=True) if mark))
    if not chains:
        return None
    return PolicyExample(
        problem_id=group.problem_id,
        chains=tuple(chains),
        multiplicities=tuple(chain.multiplicity for chain in (*kept, *others)),
        rewards=tuple(chain_reward(chain, rewards) for chain in (*kept, *others)),
        behaviour=tuple(behaviour),
        unscored=tuple(unscored),
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
    every, scored = row_chains(row), len(row["behaviour"])
    return PolicyExample(
        problem_id=row["problem_id"],
        chains=every[:scored],
        unscored=every[scored:],
        multiplicities=tuple(row["multiplicities"]),
        rewards=tuple(row["rewards"]),
        behaviour=tuple(map(tuple, row["behaviour"])),
    )


def _row(example: PolicyExample) -> dict[str, Any]:
    return chains_row(
        example.problem_id,
        (*example.chains, *example.unscored),
        multiplicities=example.multiplicities,
        rewards=example.rewards,
        behaviour=example.behaviour,
    )
