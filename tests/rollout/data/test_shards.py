"""Records survive Arrow; rows that cannot be stored are rejected with a reason; other tools can open the shards."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import CorruptionError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data import layout, shards
from rollout.data.columns import schema, step_indices, step_lengths
from rollout.records import Call, Episode, Outcome, PreferenceGroup, Score
from tests.rollout.data.rows import chain, episode, group, score


def test_episodes_come_back_equal() -> None:
    episodes = [episode(sample=sample) for sample in range(20)]
    episodes.append(episode("x", steps=(), answer=None, outcome=Outcome.WRONG))
    encoded = shards.encode_rows(Episode, episodes)
    assert (encoded.rows, encoded.rejected) == (21, ())
    assert list(shards.decode_rows(Episode, encoded.payload, "shard")) == episodes


def test_groups_and_scores_come_back_equal() -> None:
    groups = [group(f"p{number}") for number in range(20)] + [group("none", chains=())]
    assert (
        list(shards.decode_rows(PreferenceGroup, shards.encode_rows(PreferenceGroup, groups).payload, "shard"))
        == groups
    )
    scores = [score(sample) for sample in range(3)]
    assert list(shards.decode_rows(Score, shards.encode_rows(Score, scores).payload, "shard")) == scores


def test_no_rows_are_a_shard_too() -> None:
    encoded = shards.encode_rows(Episode, [])
    assert encoded.rows == 0
    assert list(shards.decode_rows(Episode, encoded.payload, "shard")) == []


def test_the_same_rows_make_the_same_bytes() -> None:
    episodes = [episode(sample=sample) for sample in range(20)]
    assert shards.encode_rows(Episode, episodes).payload == shards.encode_rows(Episode, iter(episodes)).payload


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt_text": "a\ud800b"}, "prompt_text: lone surrogate '\\ud800' at character 1"),
        ({"prompt_ids": (1, 2**31)}, "prompt_ids[1]: 2147483648 does not fit 32 bits"),
        ({"sample": -(2**70)}, "sample: an integer does not fit 32 bits"),
        ({"reward": float("nan")}, "reward: nan is not a finite number"),
        ({"seconds": float("inf")}, "seconds: inf is not a finite number"),
        ({"prompt_ids": (1, None)}, "Expected `int`, got `null` - at `$.prompt_ids[1]`"),
        ({"outcome": "splendid"}, "Invalid enum value 'splendid' - at `$.outcome`"),
        ({"family": 7}, "Expected `str`, got `int` - at `$.family`"),
        ({"reward": object()}, "Encoding objects of type object is unsupported"),
    ],
)
def test_a_bad_row_is_rejected_and_its_neighbours_are_kept(changes: dict[str, Any], reason: str) -> None:
    good = [episode(sample=sample) for sample in range(30)]
    bad = episode("bad", **changes)
    encoded = shards.encode_rows(Episode, [*good[:3], bad, *good[3:]])
    assert list(shards.decode_rows(Episode, encoded.payload, "shard")) == good
    (rejected,) = encoded.rejected
    assert rejected.reason == reason
    assert rejected.row.startswith("bad")
    assert rejected.place == 3
    assert encoded.kept(range(31)) == [*range(3), *range(4, 31)]
    assert rejected.content.isascii()
    assert isinstance(json.loads(rejected.content), dict)


def test_log_probabilities_beyond_float32_are_rejected() -> None:
    step = episode().steps[0]
    for value in (-1e300, float("-inf"), float("nan"), -(10**400)):
        bad = episode("bad", steps=(type(step)(text="", token_ids=(1,), logprobs=(value,), results=()),))
        encoded = shards.encode_rows(Episode, [bad, episode()])
        assert encoded.rows == 1
        assert "steps[0].logprobs[0]" in encoded.rejected[0].reason


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=8))
def test_step_lengths_are_exact(runs: list[tuple[bool, int]]) -> None:
    step: list[int] = []
    for number, (written, length) in enumerate(runs):
        step += [number if written else -1] * length
    assert step_indices(step_lengths(step)) == step


@pytest.mark.parametrize("step", [(1, 0), (0, -1, 0), (-2,), (0, 1, -1, 1)])
def test_steps_that_do_not_ascend_are_refused(step: Sequence[int]) -> None:
    with pytest.raises(ValueError, match="must ascend"):
        step_lengths(step)
    bad = group("bad", chains=(chain(*range(len(step)), step=tuple(step)),))
    encoded = shards.encode_rows(PreferenceGroup, [bad, group()])
    assert (encoded.rows, encoded.rejected[0].row) == (1, "bad@tiny")


@settings(max_examples=50)
@given(
    st.text(st.characters(), max_size=20),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
)
def test_any_row_is_stored_exactly_or_rejected(text: str, ids: list[int], answer: str | None) -> None:
    row = episode(prompt_text=text, prompt_ids=tuple(ids), answer=answer)
    encoded = shards.encode_rows(Episode, [row])
    assert list(shards.decode_rows(Episode, encoded.payload, "shard")) == ([] if encoded.rejected else [row])
    assert bool(encoded.rejected) == any(0xD800 <= ord(character) < 0xE000 for character in text)


def test_schema_has_every_field_of_the_record() -> None:
    for kind in (Episode, PreferenceGroup, Score):
        assert schema(kind).names == list(kind.__struct_fields__)
    ids = schema(PreferenceGroup).field("chains").type.value_type.field("token_ids").type
    assert ids == pa.list_(pa.int32())


def test_a_shard_of_something_else_is_refused() -> None:
    payload = shards.encode_rows(Score, [score()]).payload
    with pytest.raises(CorruptionError, match="Score records was read as Episode"):
        list(shards.decode_rows(Episode, payload, "shard"))
    with pytest.raises(CorruptionError, match="does not decode"):
        list(shards.decode_rows(Episode, b"not arrow", "shard"))
    table = pa.ipc.open_stream(payload).read_all()
    for named, said in ((b"\xff", "\ufffd"), (b"", "unknown")):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema.with_metadata({b"chainpref.record": named})) as writer:
            writer.write_table(table)
        with pytest.raises(CorruptionError) as caught:
            list(shards.decode_rows(Episode, sink.getvalue().to_pybytes(), "u1"))
        assert str(caught.value) == f"u1: a shard of {said} records was read as Episode"


def test_batches_are_as_large_as_they_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first batch measures the rows. One more row of those of the others would be too large a batch."""
    monkeypatch.setattr(shards, "BATCH_BYTES", 1 << 16)
    rows = [episode(sample=sample, prompt_text="x" * 4000) for sample in range(120)]
    sizes = [batch.num_rows for batch in pa.ipc.open_stream(shards.encode_rows(Episode, rows).payload)]
    assert sizes == [8, 11, *[13] * 7, 10]
    many = shards.encode_rows(Score, [score(sample) for sample in range(1200)]).payload
    assert max(batch.num_rows for batch in pa.ipc.open_stream(many)) <= 512


def test_good_rows_are_stored_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, as those beside a bad row are, they take much longer."""
    monkeypatch.setattr(shards, "fault", lambda *_: pytest.fail("looked at by itself"))
    assert shards.encode_rows(Episode, [episode(sample=sample) for sample in range(20)]).rows == 20


def test_a_record_of_another_kind_is_refused() -> None:
    writer = shards.ShardWriter(Call)
    with pytest.raises(TypeError, match=r"^no row id for Call$"):
        writer.add(Call(name=7, arguments="{}"))  # type: ignore[arg-type]


def test_older_shards_lack_new_fields_and_get_their_defaults() -> None:
    table = pa.ipc.open_stream(shards.encode_rows(Episode, [episode()]).payload).read_all()
    older = table.drop_columns(["engine"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, older.schema) as writer:
        writer.write_table(older)
    assert list(shards.decode_rows(Episode, sink.getvalue().to_pybytes(), "shard")) == [episode()]


def test_quarantine_writes_each_rejection_once(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    bad = [episode(prompt_text="\udfff"), episode(reward=float("nan")), episode("\ud800"), episode(outcome="\ud800")]
    rejected = shards.encode_rows(Episode, bad).rejected
    assert len(rejected) == 4
    path = shards.quarantine(store, "u1", rejected)
    assert path is not None
    assert shards.quarantine(store, "u1", rejected) == path
    lines = [json.loads(line) for line in store.read(path).decode("ascii").splitlines()]
    contents = [json.loads(line["content"]) for line in lines]
    assert {row["prompt_text"] for row in contents} == {"\udfff", "1 + 2?"}
    assert "\\ud800#0" in {line["row"] for line in lines}
    assert store.list() == [path]
    assert shards.quarantine(store, "u2", ()) is None


def _committed(tmp_path: Path) -> Ledger:
    ledger = Ledger(open_store(str(tmp_path)), "groups/tiny")
    for unit in ("u2", "u1", "u3"):
        encoded = shards.encode_rows(
            PreferenceGroup, [group(f"{unit}-{number}") for number in range(3 if unit != "u3" else 0)]
        )
        ledger.publish(unit, encoded.payload, encoded.rows)
    ledger.skip("u0", "quota")
    return ledger


def test_groups_are_read_in_unit_order(tmp_path: Path) -> None:
    ledger = _committed(tmp_path)
    assert [row.problem_id for row in shards.read_rows(PreferenceGroup, ledger)] == [
        "u1-0",
        "u1-1",
        "u1-2",
        "u2-0",
        "u2-1",
        "u2-2",
    ]


def test_datasets_opens_the_view_and_it_is_written_once(tmp_path: Path) -> None:
    ledger = _committed(tmp_path)
    assert shards.write_dataset_view(ledger, ledger.commits().values())
    assert not shards.write_dataset_view(ledger, ledger.commits().values())
    opened = datasets.load_from_disk(str(tmp_path / "groups/tiny"))
    assert opened.data.schema.equals(schema(PreferenceGroup)), "a cast would copy everything into memory"
    assert opened["problem_id"][:] == ["u1-0", "u1-1", "u1-2", "u2-0", "u2-1", "u2-2"]
    assert opened[0]["chains"][0]["token_ids"] == [4, 5, 6, 7]
    assert opened[0]["chains"][2]["label"] == "wrong"
    assert opened[0]["chains"][1]["error"] is None
    assert opened.map(lambda row: {"pairs": len(row["chains"])}, keep_in_memory=True)[0]["pairs"] == 3


def test_the_files_of_a_view_say_what_they_are_of(tmp_path: Path) -> None:
    ledger = _committed(tmp_path)
    commits = ledger.commits()
    view = shards.dataset_view(commits.values())
    assert list(view) == ["dataset_info.json", layout.DATASET_STATE]
    info, state = map(json.loads, view.values())
    assert info["description"] == "Written by chainpref; features are those of the Arrow schema."
    assert state["_data_files"] == [{"filename": commits[unit].shard} for unit in ("u1", "u2")]
    stored = view[layout.DATASET_STATE]
    assert shards.holds_rows_of(stored, commits.values())
    older = json.dumps({"_data_files": state["_data_files"]}).encode()
    assert shards.holds_rows_of(older, commits.values()), "of an earlier version"
    assert not shards.holds_rows_of(stored, [commits["u1"]])
    assert not shards.holds_rows_of(stored, [])
    assert not shards.holds_rows_of(b"half a {", commits.values())


def test_the_view_of_nothing(tmp_path: Path) -> None:
    ledger = Ledger(open_store(str(tmp_path)), "groups/tiny")
    assert not shards.write_dataset_view(ledger, ledger.commits().values())
    ledger.publish("u1", shards.encode_rows(PreferenceGroup, []).payload, 0)
    assert shards.write_dataset_view(ledger, ledger.commits().values())
    assert len(datasets.load_from_disk(str(tmp_path / "groups/tiny"))) == 0
