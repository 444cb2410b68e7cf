"""Lines that are appended are under a hash, whoever was killed between them."""

import json
import multiprocessing
from pathlib import Path

import pytest

from cluster.errors import CorruptionError
from cluster.store.lines import append_line, are_sealed, read_lines, write_lines


def append(path: Path, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        append_line(path, json.dumps({"number": number, "text": "ä" * number}).encode())


def numbers(path: Path) -> list[int]:
    return [row["number"] for row in read_lines(path)]


def test_rows_come_back_without_their_digests(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    assert list(read_lines(path)) == []
    append(path, 3)
    assert list(read_lines(path)) == [{"number": n, "text": "ä" * n} for n in range(3)]
    assert are_sealed(path)


def test_a_changed_byte_is_found_or_looks_like_the_half_line_of_a_killed_writer(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append(path, 3)
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert numbers(path) == [0, 1], at  # the last line does not look whole: only its length tells
            assert at >= last
        except CorruptionError as error:
            assert "is not what was written" in str(error)  # noqa: PT017


def test_a_line_cut_out_or_swapped_is_found(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append(path, 4)
    one, two, three, four = path.read_bytes().splitlines(keepends=True)
    for changed in ((one, three, four), (one, three, two, four), (two, three, four), (one, two, two, three, four)):
        path.write_bytes(b"".join(changed))
        with pytest.raises(CorruptionError, match="is not what was written"):
            numbers(path)


@pytest.mark.parametrize("left", [b'{"number": 7', b'{"number": 7}\n{"num', b"\xff\x00\r\n\n"])
def test_what_a_killed_writer_left_is_skipped_and_under_the_next_hash(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "lines"
    append(path, 2)
    with path.open("ab") as file:
        file.write(left)
    assert numbers(path) == [0, 1]
    append(path, 2, first=2)
    assert numbers(path) == [0, 1, 2, 3]
    path.write_bytes(path.read_bytes().replace(left[:3], b"..." + left[3:3], 1))
    with pytest.raises(CorruptionError, match="line"):
        numbers(path)


def test_lines_of_an_earlier_version_are_read_and_then_under_the_next_hash(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text('{"number": 5}\nhalf\n{"number": 6}\n')
    assert numbers(path) == [5, 6]
    assert not are_sealed(path)
    append(path, 1)
    assert numbers(path) == [5, 6, 0]
    path.write_bytes(path.read_bytes().replace(b"5", b"4", 1))
    with pytest.raises(CorruptionError, match="line 4 or the one before it"):
        numbers(path)


def test_a_long_line_before_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, json.dumps({"number": 1, "text": "x" * 300_000}).encode())
    append(path, 1, first=2)
    assert numbers(path) == [1, 2]


def test_writers_of_several_processes_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append, args=(path, 40, 100 * index)) for index in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(numbers(path)) == sorted(100 * index + at for index in range(3) for at in range(40))


def test_a_file_written_anew_can_be_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append(path, 3)
    write_lines(path, (json.dumps(row).encode() for row in list(read_lines(path))[:2]))
    append(path, 1, first=9)
    assert numbers(path) == [0, 1, 9]
    write_lines(path, [])
    assert numbers(path) == []


def test_a_number_that_is_none_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, json.dumps({"loss": float("nan")}).encode())
    (row,) = read_lines(path)
    assert row["loss"] != row["loss"]
