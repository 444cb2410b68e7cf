"""What preference data costs to keep: `python -m benchmarks.storage --json FILE [--pairs N]`.

N pairs (10 million by default) as preference groups of 100 right and 100 wrong chains a problem, through the very
path that a run takes: records, Arrow shards, hashes, fsync, commits; and back with every hash checked. For
problems in between, the same pairs are really materialised (prompt, chosen and rejected ids as int32, nothing
else), written, read back and compared pair by pair. No compression on either side; random token ids, which
would not compress anyway. Rates are those of one process, the page cache warm; those `_cpu_s` are per second of
its own processor time, which a busy machine does not disturb.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data.shards import ShardWriter, encode_rows, read_rows
from rollout.records import Chain, ErrorCode, Outcome, PairRule, PreferenceGroup, Provenance

SHARD_BYTES = 64 << 20
SIDE = 100
"""Right chains a problem, and wrong ones."""
VOCABULARY = 32_000
STEPS = 5
FEEDBACK = 12
"""Tokens of a tool's result and the turns around it."""
PIECES = 5
"""Groups are written and read in so many pieces, with materialised pairs in between."""
PAIR_SCHEMA = pa.schema({name: pa.list_(pa.int32()) for name in ("prompt_ids", "chosen_ids", "rejected_ids")})


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Mean lengths in tokens: of a prompt, and of a chain without it."""

    prompt: int
    chain: int


class Tally(msgspec.Struct, kw_only=True):
    """Sums over all pieces."""

    pairs: int = 0
    group_tokens: int = 0
    pair_tokens: int = 0
    write_seconds: float = 0.0
    write_cpu: float = 0.0
    read_seconds: float = 0.0
    read_cpu: float = 0.0
    pair_bytes: int = 0
    pair_write_seconds: float = 0.0
    pairs_materialised: int = 0


def make_group(number: int, shape: Shape) -> PreferenceGroup:
    """Problem `number`, the same at every call: chains of 2/3 to 4/3 of the mean length, five steps each."""
    random = np.random.default_rng(number)
    lengths = random.integers(shape.chain * 2 // 3, shape.chain * 4 // 3 + 1, 2 * SIDE)
    tokens = random.integers(0, VOCABULARY, int(lengths.sum()), dtype=np.int32)
    errors = list(ErrorCode)
    chains, start = [], 0
    for place, length in enumerate(lengths.tolist()):
        right = place < SIDE
        chains.append(
            Chain(
                token_ids=tuple(tokens[start : start + length].tolist()),
                step=step_indices(length),
                failed_steps=() if right else (STEPS - 1,),
                label=Outcome.RIGHT if right else Outcome.WRONG,
                error=None if right else errors[place % len(errors)],
                multiplicity=1,
                episodes=(place,),
            )
        )
        start += length
    return PreferenceGroup(
        problem_id=f"benchmark-train-{number:06d}",
        family="benchmark",
        student="student",
        prompt_text="text " * (shape.prompt * 4 // 5),  # about four characters a token
        prompt_ids=tuple(random.integers(0, VOCABULARY, shape.prompt).tolist()),
        chains=tuple(chains),
        rule=PairRule(),
        provenance=Provenance(
            generation="benchmark", parent="", toolbox_hash="0" * 32, format_hash="1" * 32,
            template_hash="2" * 32, tokenizer_hash="3" * 32, prompt_hash="4" * 32,
        ),
    )  # fmt: skip


def step_indices(length: int) -> tuple[int, ...]:
    """Per token of a chain: five replies with results in between."""
    reply = max(1, (length - FEEDBACK * (STEPS - 1)) // STEPS)
    step: list[int] = []
    for index in range(STEPS - 1):
        step += [index] * reply + [-1] * FEEDBACK
    step += [STEPS - 1] * (length - len(step))
    return tuple(step[:length])


def count_tokens(group: PreferenceGroup) -> tuple[int, int]:
    """Tokens of the group, P + (n+m)c, and of its pairs, nm(P+2c), by the chains' own lengths."""
    right, wrong = ([len(chain.token_ids) for chain in side] for side in (group.right, group.wrong))
    prompt = len(group.prompt_ids)
    pairs = len(right) * len(wrong) * prompt + len(wrong) * sum(right) + len(right) * sum(wrong)
    return prompt + sum(right) + sum(wrong), pairs


def write_pairs(group: PreferenceGroup, path: Path) -> None:
    """All right x all wrong, materialised: one row a pair, a batch for each right chain."""
    prompt = np.array(group.prompt_ids, dtype=np.int32)
    wrong = [np.array(chain.token_ids, dtype=np.int32) for chain in group.wrong]
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, PAIR_SCHEMA) as writer:
        rejected = _lists(wrong)
        prompts = _lists([prompt] * len(wrong))
        for chain in group.right:
            chosen = _lists([np.array(chain.token_ids, dtype=np.int32)] * len(wrong))
            writer.write_batch(pa.record_batch([prompts, chosen, rejected], schema=PAIR_SCHEMA))


def same_pairs(group: PreferenceGroup, path: Path) -> int:
    """Compare every materialised pair with the group's; returns how many there are."""
    count = 0
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
        for right, batch in zip(group.right, reader, strict=True):
            for wrong, row in zip(group.wrong, range(batch.num_rows), strict=True):
                expected = (group.prompt_ids, right.token_ids, wrong.token_ids)
                for ids, column in zip(expected, batch.columns, strict=True):
                    assert np.array_equal(column[row].values.to_numpy(), np.array(ids, dtype=np.int32)), (count, row)
                count += 1
    return count


def publish_groups(ledger: Ledger, groups: Iterable[PreferenceGroup], unit: str) -> None:
    """Publish the groups as units of about SHARD_BYTES."""
    writer, number = ShardWriter(PreferenceGroup), 0
    for group in groups:
        if writer.bytes >= SHARD_BYTES:
            publish(ledger, writer, f"{unit}-{number:05d}")
            writer, number = ShardWriter(PreferenceGroup), number + 1
        writer.add(group)
    publish(ledger, writer, f"{unit}-{number:05d}")


def publish(ledger: Ledger, writer: ShardWriter[PreferenceGroup], unit: str) -> None:
    encoded = writer.finish()
    assert not encoded.rejected
    ledger.publish(unit, encoded.payload, encoded.rows)


def run_piece(ledger: Ledger, numbers: Sequence[int], shape: Shape, folder: Path, tally: Tally) -> None:
    """Write, read and check the groups of some problems, and materialise the pairs of the last one of them."""
    making, making_cpu = 0.0, 0.0

    def groups() -> Iterator[PreferenceGroup]:
        nonlocal making, making_cpu
        for number in numbers:
            start, cpu = time.perf_counter(), time.process_time()
            group = make_group(number, shape)
            making += time.perf_counter() - start
            making_cpu += time.process_time() - cpu
            yield group

    start, cpu = time.perf_counter(), time.process_time()
    publish_groups(ledger, groups(), f"from{numbers[0]:06d}")
    tally.write_seconds += time.perf_counter() - start - making
    tally.write_cpu += time.process_time() - cpu - making_cpu
    # A new ledger: the writer's holds the records that it wrote itself.
    start, cpu = time.perf_counter(), time.process_time()
    last = None
    for last in read_rows(PreferenceGroup, Ledger(ledger.store, ledger.prefix)):
        tally.pairs += last.pairs
        group_tokens, pair_tokens = count_tokens(last)
        tally.group_tokens += group_tokens
        tally.pair_tokens += pair_tokens
    tally.read_seconds += time.perf_counter() - start
    tally.read_cpu += time.process_time() - cpu
    assert last == make_group(numbers[-1], shape), "what was read is what was written"
    assert last is not None
    path = folder / "pairs.arrow"
    start = time.perf_counter()
    write_pairs(last, path)
    tally.pair_write_seconds += time.perf_counter() - start
    tally.pairs_materialised += same_pairs(last, path)
    tally.pair_bytes += path.stat().st_size
    path.unlink()


def measure(pairs: int, shape: Shape, folder: Path) -> dict[str, float]:
    """All figures for `pairs` pairs, rounded up to whole problems."""
    problems = max(PIECES, -(-pairs // SIDE**2))
    warm = encode_rows(PreferenceGroup, [make_group(0, shape)])
    assert warm.rows == 1
    store = open_store(str(folder / "store"))
    tally = Tally()
    before = resident_bytes()
    for piece, numbers in enumerate(np.array_split(np.arange(problems), PIECES)):
        run_piece(Ledger(store, f"piece{piece}"), numbers.tolist(), shape, folder, tally)
    growth = max(0, peak_bytes() - before)
    written = sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file())
    materialised = tally.pair_bytes / tally.pairs_materialised * tally.pairs
    formula = tally.pair_tokens / tally.group_tokens
    return {
        "pairs": tally.pairs,
        "problems": problems,
        "prompt_tokens": shape.prompt,
        "chain_tokens": shape.chain,
        "bytes_per_pair": written / tally.pairs,
        "bytes_per_materialised_pair": tally.pair_bytes / tally.pairs_materialised,
        "pairs_compared": tally.pairs_materialised,
        "formula": formula,
        "measured": materialised / written,
        "of_formula": materialised / written / formula,
        "write_mb_s": written / tally.write_seconds / 1e6,
        "read_mb_s": written / tally.read_seconds / 1e6,
        "write_mb_cpu_s": written / tally.write_cpu / 1e6,
        "read_mb_cpu_s": written / tally.read_cpu / 1e6,
        "pairs_write_mb_s": tally.pair_bytes / tally.pair_write_seconds / 1e6,
        "rss_growth_mb": growth / 1e6,
    }


def of_formula_by_chain(folder: Path, lengths: Sequence[int]) -> dict[str, float]:
    """`of_formula` for other mean chain lengths (prompts five times as long), from one problem each."""
    result = {}
    for length in lengths:
        group = make_group(0, Shape(prompt=5 * length, chain=length))
        write_pairs(group, folder / "pairs.arrow")
        group_tokens, pair_tokens = count_tokens(group)
        ratio = (folder / "pairs.arrow").stat().st_size / len(encode_rows(PreferenceGroup, [group] * 10).payload) * 10
        result[str(length)] = ratio / (pair_tokens / group_tokens)
    return result


def resident_bytes() -> int:
    """Resident memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak_bytes() -> int:
    """The most that this process was ever resident with: an upper bound of the peak since any later moment."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage", description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--pairs", type=int, default=10_000_000)
    parser.add_argument("--prompt", type=int, default=1500, help="tokens of a prompt")
    parser.add_argument("--chain", type=int, default=300, help="mean tokens of a chain")
    parser.add_argument("--folder", type=Path, default=None, help="on the file system to measure; default: temporary")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="storage-", dir=options.folder))
    try:
        figures: dict[str, object] = {
            **measure(options.pairs, Shape(prompt=options.prompt, chain=options.chain), folder)
        }
        figures["of_formula_by_chain_tokens"] = of_formula_by_chain(folder, (60, 120, 300, 1000))
    finally:
        shutil.rmtree(folder)
    options.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(options.json.read_text(), end="")


def _lists(rows: Sequence[npt.NDArray[np.int32]]) -> pa.ListArray:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])
