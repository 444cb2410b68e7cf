"""Makes Arrow shards whose offsets, lengths and dictionary indices are wrong and whose hashes fit; reads each as the
commands do. In a process of its own, which a wrong read would end: `python -m tests.rollout.data.crafted FOLDER COUNT`.

It prints a JSON object for each shard: what it was, and `rows`, or the `error` that its reader raised.
"""

import io
import random
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet

from cluster.errors import CorruptionError, RequestError
from cluster.store.digests import write_sums
from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from rollout.data.compaction import compact
from rollout.data.shards import encode_rows, read_rows, runs
from rollout.data.unit_rows import UnitRows
from rollout.problems.imported.rows import read_rows as read_file
from rollout.records import Episode, PreferenceGroup, Score
from tests.rollout.data.rows import episode, group
from tests.training.samples import sample_groups
from training.chains import ScoreRule, scored_groups
from training.config import SftArm
from training.examples import StoredExamples, write_examples
from training.reference import ChainScore, ReferenceStore
from training.sft import write_rows
from training.tree.batches import PreferenceExample

EXTREMES = (-1, -(2**31), 2**31 - 1, 2**30, 10**6, 7)
KINDS = ("episodes", "groups", "scores", "blocks", "compaction", "reference", "examples", "rows", "parquet")
WAYS = ("offsets", "lengths", "dictionary", "bytes")


def dictionary_encoded(payload: bytes) -> bytes:
    """The same stream with the text columns as indices into dictionaries."""
    table = pa.ipc.open_stream(payload).read_all()
    metadata = table.schema.metadata
    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(at, field.name, table.column(at).dictionary_encode())
    sink = io.BytesIO()
    table = table.replace_schema_metadata(metadata)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def crafted(payload: bytes, way: str, draw: random.Random) -> bytes:
    """The payload with some words changed that look like offsets, lengths or indices, or with any bytes changed."""
    if way == "dictionary":
        payload = dictionary_encoded(payload)
    data = bytearray(payload)
    if way == "bytes":
        for _ in range(draw.randint(1, 8)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        return bytes(data)
    width, form = (8, "<q") if way == "lengths" else (4, "<i")
    small = [at for at in range(0, len(data) - width, width) if 0 < struct.unpack_from(form, data, at)[0] < 5000]
    for at in draw.sample(small, min(len(small), draw.randint(1, 12))):
        struct.pack_into(form, data, at, draw.choice(EXTREMES))
    return bytes(data)


def commit(folder: Path, prefix: str, payload: bytes, rows: int, units: Iterable[str] = ("u",)) -> Ledger:
    ledger = Ledger(LocalStore(folder), prefix)
    for unit in units:
        ledger.publish(unit, payload, rows)
    return ledger


def read(kind: str, folder: Path, way: str, draw: random.Random) -> int:
    """Write a crafted shard of a kind below `folder`, read it, and return the number of rows."""
    episodes = [episode(f"p{number // 3}", number % 3) for number in range(9)]
    score = Score(model="base", suite="arithmetic", greedy=True, episode=episodes[0])
    match kind:
        case "episodes":
            data = crafted(encode_rows(Episode, episodes).payload, way, draw)
            return len(list(read_rows(Episode, commit(folder, kind, data, 9))))
        case "groups":
            data = crafted(encode_rows(PreferenceGroup, [group(f"p{n}") for n in range(4)]).payload, way, draw)
            return len(list(read_rows(PreferenceGroup, commit(folder, kind, data, 4))))
        case "scores":
            data = crafted(encode_rows(Score, [score] * 6).payload, way, draw)
            return len(UnitRows(Score, commit(folder, kind, data, 6)).read("u"))
        case "blocks":
            data = crafted(encode_rows(Episode, episodes).payload, way, draw)
            where = str(folder / "shards")
            return sum(batch.num_rows for _, batch in runs(Episode, data, where, "problem_id"))
        case "compaction":
            data = crafted(encode_rows(Episode, episodes).payload, way, draw)
            (made,) = compact(commit(folder, kind, data, 9, ("u", "v"))) or (None,)
            return made.rows if made else 0
        case "reference":
            ledger = Ledger(LocalStore(folder), kind)
            ReferenceStore(ledger).publish({f"{n:032x}": ChainScore(-1.5 * n, n) for n in range(1, 30)})
            (whole,) = ledger.commits().values()
            payload = crafted(ledger.read(whole), way, draw)
            return len(ReferenceStore(commit(folder / "again", kind, payload, 29)).scores())
        case "examples":
            scored = list(scored_groups(sample_groups(4), ScoreRule()))
            examples = [PreferenceExample(g, (-1.5,) * len(g.right), (-2.5,) * len(g.wrong)) for g in scored]
            write_examples(examples, folder / kind)
            replace(folder / kind, "examples.arrow", way, draw)
            return len(list(StoredExamples(folder / kind)))
        case "rows":
            write_rows(sample_groups(4), SftArm(method="sft"), folder / kind)
            replace(folder / kind, "rows.arrow", way, draw)
            return sum(len(row["input_ids"]) > 0 for row in write_rows((), SftArm(method="sft"), folder / kind).load())
        case "parquet":
            table = pa.table({"text": [f"what is {n}?" for n in range(50)], "answer": [[n, n + 1] for n in range(50)]})
            path = folder / "shards.parquet"
            pyarrow.parquet.write_table(table, path, compression=None)
            path.write_bytes(crafted(path.read_bytes(), way if way != "dictionary" else "bytes", draw))
            return len(list(read_file(str(path))))
    raise AssertionError(kind)


def replace(folder: Path, name: str, way: str, draw: random.Random) -> None:
    (folder / name).write_bytes(crafted((folder / name).read_bytes(), way, draw))
    (folder / "chainpref.sha256").unlink()
    write_sums(folder)


def main(folder: Path, count: int, say: Callable[[str], object] = print) -> None:
    for seed in range(count):
        kind, way = KINDS[seed % len(KINDS)], WAYS[(seed // len(KINDS)) % len(WAYS)]
        here = folder / f"{seed}-{kind}"
        here.mkdir()
        told: dict[str, object] = {"seed": seed, "kind": kind, "way": way}
        try:
            told["rows"] = read(kind, here, way, random.Random(seed))
        except (CorruptionError, RequestError) as error:
            told["error"] = str(error)
        say(msgspec.json.encode(told).decode())
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
