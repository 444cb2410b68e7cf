"""Each unit is committed once; what does not verify is not believed; every fault is told in words."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import LocalStore, open_store
from tests.cluster.store.s3 import s3_environment, s3_server, troubled_s3


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(LocalStore(tmp_path), "episodes")


def publish(ledger: Ledger, unit: str, payload: bytes = b"payload", **more: Any) -> tuple[Commit, bool]:
    return ledger.publish(unit, payload, rows=3, **more)


def test_a_commit_says_what_was_published(ledger: Ledger) -> None:
    commit, won = publish(ledger, "u1", meta={"family": "fol"})
    assert won
    assert (commit.unit, commit.rows, commit.bytes) == ("u1", 3, 7)
    assert commit.meta == {"family": "fol"}
    assert commit.sha256 == hashlib.sha256(b"payload").hexdigest()
    assert commit.shard == f"shards/{commit.sha256[:32]}.arrow"
    again = Ledger(ledger.store, "episodes")
    assert (again.find("u1"), again.find("u2")) == (commit, None)
    assert again.commits() == {"u1": commit}
    assert again.read(commit) == b"payload"
    assert again.verify() == []


def test_the_loser_gets_the_winners_commit(ledger: Ledger) -> None:
    first, _ = publish(ledger, "u1", b"mine")
    for loser in (ledger, Ledger(ledger.store, "episodes")):
        assert publish(loser, "u1", b"other") == (first, False)
        assert publish(loser, "u1", b"mine") == (first, False)
    assert ledger.read(ledger.commits()["u1"]) == b"mine"


def test_of_many_publishers_at_once_one_wins(ledger: Ledger) -> None:
    barrier = threading.Barrier(6)
    results: list[tuple[Commit, bool]] = []

    def work(number: int) -> None:
        own = Ledger(ledger.store, "episodes")
        barrier.wait()
        results.extend(publish(own, f"u{unit}", f"{number % 3}".encode()) for unit in range(10))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(commit.unit for commit, won in results if won) == [f"u{unit}" for unit in range(10)]
    commits = ledger.commits()
    assert all(commits[commit.unit] == commit for commit, _ in results)
    assert ledger.verify() == []


def test_a_request_repeated_by_the_store_client_has_won(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    create = ledger.store.create

    def lost_answer(path: str, data: bytes) -> bool:
        create(path, data)
        return create(path, data)

    monkeypatch.setattr(ledger.store, "create", lost_answer)
    assert publish(ledger, "u1")[1]


def test_skipped_units_are_commits_without_rows(ledger: Ledger) -> None:
    commit, won = ledger.skip("u2", "quota reached", {"right": "8"})
    assert won
    assert (commit.skipped, commit.rows, commit.shard) == ("quota reached", 0, "")
    assert publish(ledger, "u2") == (commit, False)
    done, _ = publish(ledger, "u1")
    assert ledger.skip("u1", "too late") == (done, False)
    assert list(ledger.commits()) == ["u1", "u2"]
    assert ledger.verify() == []


@pytest.mark.parametrize("more", [{"attempt": 3}, {"attempt": 1, "of_a_later_version": [1, {"a": None}]}, {}])
def test_a_record_with_keys_that_are_unknown_here_is_read(ledger: Ledger, more: dict[str, Any]) -> None:
    """Records of earlier versions say which attempt at the unit made them."""
    publish(ledger, "u0", meta={"host": "teacher-0"})
    payload = b"payload"
    digest = hashlib.sha256(payload).hexdigest()
    body = {"unit": "u1", "shard": f"shards/{digest[:32]}.arrow", "sha256": digest, "bytes": 7, "rows": 3, **more}
    body |= {"writer": "94a1", "meta": {"host": "teacher-0"}, "supersedes": [], "waived": ""}
    text = json.dumps(body, separators=(",", ":"))
    framed = f'{{"sha256":"{hashlib.sha256(text.encode()).hexdigest()}","commit":{text}}}'
    assert ledger.store.create("episodes/commits/u1.json", framed.encode())
    commit = ledger.commits()["u1"]
    assert (commit.rows, commit.writer, commit.meta) == (3, "94a1", {"host": "teacher-0"})
    assert ledger.read(commit) == payload
    assert publish(ledger, "u1", b"other") == (commit, False)
    assert ledger.verify() == []
    ledger.store.replace("episodes/commits/u1.json", framed.replace('"rows":3', '"rows":4').encode())
    assert ["own hash does not fit" in fault for fault in ledger.verify()] == [True]


def test_a_compaction_stands_for_its_members_while_all_are_there(ledger: Ledger) -> None:
    for unit in "abcd":
        publish(ledger, unit, unit.encode())
    compaction, won = ledger.publish_compaction(1, b"bc", 6, ["b", "c"])
    assert won
    assert list(ledger.commits()) == ["a", compaction.unit, "d"]
    assert ledger.compactions() == 1
    assert list(ledger.history()) == ["a", "b", "c", "d"]
    assert ledger.verify() == []
    record = ledger.store.local("episodes/commits/c.json")
    assert record is not None
    record.unlink()
    assert list(ledger.commits()) == ["a", "b", "d"]


def test_records_read_once_are_not_read_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        publish(ledger, f"u{number:02}")
    other = Ledger(ledger.store, "episodes")
    reads: list[str] = []
    read = ledger.store.read
    monkeypatch.setattr(ledger.store, "read", lambda path: reads.append(path) or read(path))
    other.commits()
    publish(ledger, "u99")
    other.commits()
    assert sorted(reads) == sorted(set(reads))
    assert len([path for path in reads if "/commits/" in path]) == 21


def test_the_same_payload_of_two_units_is_stored_once(ledger: Ledger) -> None:
    publish(ledger, "u1")
    publish(ledger, "u2")
    assert len(ledger.store.list("episodes/shards")) == 1
    assert len(ledger.commits()) == 2


def test_a_rotten_shard_is_put_right_by_who_makes_it_again(ledger: Ledger) -> None:
    commit, _ = publish(ledger, "u1")
    ledger.store.replace(f"episodes/{commit.shard}", b"rotten!")
    assert len(ledger.verify()) == 1
    publish(ledger, "u2")
    assert ledger.verify() == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: data[: len(data) // 2], "is broken"),
        (lambda data: data[:-1], "is broken"),
        (lambda data: data + b"\n", "own hash does not fit"),
        (lambda data: data.replace(b'"rows":3', b'"rows":4'), "own hash does not fit"),
        (lambda data: data.replace(b'"unit":"u1"', b'"unit":"u2"'), "own hash does not fit"),
        (lambda data: b"\xff\xfe", "is broken"),
        (lambda data: b"{}", "is broken"),
    ],
)
def test_a_broken_record_is_named(ledger: Ledger, damage: Any, words: str) -> None:
    publish(ledger, "u0")
    publish(ledger, "u1")
    path = "episodes/commits/u1.json"
    ledger.store.replace(path, damage(ledger.store.read(path)))
    other = Ledger(ledger.store, "episodes")
    for operation in (other.commits, other.history, lambda: publish(other, "u1")):
        with pytest.raises(CorruptionError, match=words) as caught:
            operation()
        assert f"{ledger.store.uri}/{path}" in str(caught.value)
        assert "delete it and run again" in str(caught.value)
    (fault,) = ledger.verify()  # although this one has it in its cache
    assert words in fault


def test_a_record_in_anothers_place_is_found(ledger: Ledger) -> None:
    publish(ledger, "u1")
    ledger.store.replace("episodes/commits/u2.json", ledger.store.read("episodes/commits/u1.json"))
    with pytest.raises(CorruptionError, match="is of unit 'u1'"):
        Ledger(ledger.store, "episodes").commits()


@pytest.mark.parametrize(
    ("damage", "words"),
    [(None, "is missing"), (b"", "has 0 bytes where 7 were committed"), (b"Payload", "is not what was committed")],
)
def test_a_broken_shard_is_named(ledger: Ledger, damage: bytes | None, words: str) -> None:
    publish(ledger, "u0", b"well")
    commit, _ = publish(ledger, "u1")
    file = ledger.store.local(f"episodes/{commit.shard}")
    assert file is not None
    file.unlink() if damage is None else file.write_bytes(damage)
    with pytest.raises(CorruptionError, match=words):
        ledger.read(commit)
    (fault,) = ledger.verify()
    assert words in fault
    assert str(file) in fault
    assert ledger.read(ledger.commits()["u0"]) == b"well"


def test_the_remedy_works(ledger: Ledger) -> None:
    commit, _ = publish(ledger, "u1")
    for path in (f"episodes/{commit.shard}", "episodes/commits/u1.json"):
        file = ledger.store.local(path)
        assert file is not None
        file.unlink()
    assert publish(Ledger(ledger.store, "episodes"), "u1")[1]
    assert ledger.verify() == []


def test_other_faults_in_words(ledger: Ledger) -> None:
    publish(ledger, "a", b"1")
    ledger.publish_compaction(1, b"2", 7, ["a"])
    ledger.publish_compaction(2, b"2", 3, ["a", "gone"])
    assert [fault.split("json ")[1] for fault in ledger.verify()] == [
        "holds 7 rows, and its members hold 3",
        "supersedes gone, which is not committed",
    ]


def test_a_shard_that_no_record_names_is_no_fault(ledger: Ledger) -> None:
    publish(ledger, "u1")
    path = f"episodes/shards/{hashlib.sha256(b'a loser').hexdigest()[:32]}.arrow"
    ledger.store.create(path, b"a loser")
    assert ledger.verify() == []
    ledger.store.replace(path, b"a lozer")
    (fault,) = ledger.verify()
    assert f"{path}: is of no unit, and not what its name says" in fault


def test_conflicts_and_lost_answers_of_an_object_store_commit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with troubled_s3() as server:
        s3_environment(server.endpoint, monkeypatch)
        ledger = Ledger(open_store("s3://bucket/run"), "episodes")
        server.conflicts = 1
        assert publish(ledger, "u1")[1]
        server.lost_answers = 2  # the shard's and the record's
        commit, won = publish(ledger, "u2", b"other")
        assert won
        assert Ledger(ledger.store, "episodes").find("u2") == commit


@pytest.mark.parametrize("unit", ["", "../x", "a/b", ".hidden", "a b", "x" * 200, "ünit"])
def test_a_units_name_is_a_file_name(ledger: Ledger, unit: str) -> None:
    with pytest.raises(CorruptionError, match=r"names no file below|is no name of a unit"):
        publish(ledger, unit)


@pytest.mark.parametrize("said", ["", "abc", "1.5", "null", "[1]", "9" * 5000, "\0"])
def test_what_a_record_holds_in_place_of_a_number_is_named(ledger: Ledger, said: str) -> None:
    commit, _ = ledger.publish("u", b"x", 1, {"right": said, "wrong": "3"})
    assert (commit.count("wrong"), commit.count("truncated")) == (3, 0)
    with pytest.raises(CorruptionError, match=r"^unit u: its commit record holds ") as caught:
        commit.count("right")
    assert "\n" not in str(caught.value)


def test_compactions_have_their_own_way_in(ledger: Ledger) -> None:
    with pytest.raises(AssertionError):
        publish(ledger, "compact-000009")


def test_a_ledger_on_an_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as endpoint:
        s3_environment(endpoint, monkeypatch)
        ledger = Ledger(open_store("s3://bucket/run"), "episodes")
        for unit in range(40):
            assert publish(ledger, f"u{unit:02}", b"%d" % unit)[1]
        other = Ledger(open_store("s3://bucket/run"), "episodes")
        assert not publish(other, "u07", b"another")[1]
        assert other.commits() == ledger.commits()
        assert list(other.commits()) == [f"u{unit:02}" for unit in range(40)]
        assert other.verify() == []
        ledger.store.replace("episodes/commits/u03.json", b"{")
        with pytest.raises(CorruptionError, match=r"s3://bucket/run/episodes/commits/u03\.json"):
            Ledger(open_store("s3://bucket/run"), "episodes").commits()
