"""The plan of all episode units of a run. Pure and deterministic: the same arguments give the same names.

An episode unit is (block of problems, range of samples, generation). All units of a block come before those of the
next one, so that its groups can be built early and its prompts stay in the engines' prefix caches.
"""

from collections.abc import Container, Iterable, Sequence

import msgspec

from rollout.records import PairRule, content_hash


class EpisodeUnit(msgspec.Struct, frozen=True, kw_only=True):
    """Samples `sample_start` to `sample_stop` (exclusive) of each problem of a block, in one generation."""

    name: str
    """`b00012-s00000-HASH`. Names sort in the plan's order; the hash covers everything that the unit is."""
    block: int
    problem_ids: tuple[str, ...]
    sample_start: int
    sample_stop: int
    generation: str

    @property
    def episodes(self) -> int:
        return len(self.problem_ids) * (self.sample_stop - self.sample_start)


def plan_units(
    problem_ids: Sequence[str], samples: int, problems_per_block: int, samples_per_unit: int, generation: str
) -> list[EpisodeUnit]:
    """All units of a generation, in the order in which they should be done."""
    return grow_units((), problem_ids, samples, problems_per_block, samples_per_unit, generation)


def grow_units(
    units: Sequence[EpisodeUnit],
    more_ids: Sequence[str],
    samples: int,
    problems_per_block: int,
    samples_per_unit: int,
    generation: str,
) -> list[EpisodeUnit]:
    """`units`, as they are, with those that are missing to `samples` of each problem, and with more problems.

    Blocks stay as they are; more problems make more blocks. The sizes are those of what is added.
    """
    assert min(problems_per_block, samples_per_unit) > 0, "sizes are positive"
    old = units_of_blocks(units)
    known = [name for block in old.values() for name in block[0].problem_ids]
    assert len({*known, *more_ids}) == len(known) + len(more_ids), "a problem stands in the plan once"
    there = [(number, block[0].problem_ids, block[-1].sample_stop) for number, block in sorted(old.items())]
    blocks = (tuple(more_ids[at : at + problems_per_block]) for at in range(0, len(more_ids), problems_per_block))
    added = [(number, members, 0) for number, members in enumerate(blocks, start=max(old, default=-1) + 1)]
    grown: list[EpisodeUnit] = []
    for block, members, done in (*there, *added):
        grown += old.get(block, ())
        for start in range(done, samples, samples_per_unit):
            stop = min(start + samples_per_unit, samples)
            grown.append(_unit(block, members, start, stop, generation))
    return grown


def in_generation(unit: EpisodeUnit, generation: str) -> EpisodeUnit:
    """The same attempts in another generation."""
    return _unit(unit.block, unit.problem_ids, unit.sample_start, unit.sample_stop, generation)


def behind(units: Sequence[EpisodeUnit], more: Sequence[EpisodeUnit]) -> list[EpisodeUnit]:
    """`units`, and `more` in blocks behind theirs."""
    first = 1 + max((unit.block for unit in units), default=-1)
    moved = (_unit(first + u.block, u.problem_ids, u.sample_start, u.sample_stop, u.generation) for u in more)
    return [*units, *moved]


def beside(unit: EpisodeUnit, members: tuple[str, ...], start: int, stop: int, generation: str) -> EpisodeUnit:
    """Other attempts at some of a unit's problems, `start` to `stop` of each, in a generation of their own."""
    return _unit(unit.block, members, start, stop, generation)


def _unit(block: int, members: tuple[str, ...], start: int, stop: int, generation: str) -> EpisodeUnit:
    digest = content_hash(generation, str(start), str(stop), *members)
    return EpisodeUnit(
        name=f"{block_name(block)}-s{start:05d}-{digest[:12]}",
        block=block,
        problem_ids=members,
        sample_start=start,
        sample_stop=stop,
        generation=generation,
    )


def group_unit_name(block: int, student: str, episode_hashes: Iterable[str], rule: PairRule, *more: str) -> str:
    """The name of a block's group unit. It holds a hash of the unit's inputs, so new samples make a new unit.

    `episode_hashes` holds the SHA-256 of each episode commit of the block (for a skipped unit, its name), in any
    order. `more` is whatever else decides the groups, such as a hash of the student's tokenizer.
    """
    digest = content_hash(student, msgspec.json.encode(rule), *sorted(episode_hashes), "more", *more)
    return f"{block_name(block)}-{digest[:16]}"


def block_name(block: int) -> str:
    """The prefix of the names of a block's units."""
    return f"b{block:05d}"


def units_of_blocks(units: Iterable[EpisodeUnit]) -> dict[int, list[EpisodeUnit]]:
    """Block -> its units, in the plan's order."""
    blocks: dict[int, list[EpisodeUnit]] = {}
    for unit in units:
        blocks.setdefault(unit.block, []).append(unit)
    return blocks


def ready_blocks(units: Iterable[EpisodeUnit], done: Container[str]) -> list[int]:
    """The blocks of which every unit is done, in ascending order.

    `done` holds the names of units that were committed or skipped. Pass `Ledger.history()`, because compaction removes
    units from `Ledger.commits()`.
    """
    blocks = units_of_blocks(units)
    return [block for block in sorted(blocks) if all(unit.name in done for unit in blocks[block])]
