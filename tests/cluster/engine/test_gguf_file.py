"""Which file a source names, and what is read of its header: also of one that is cut short or damaged."""

import random
import sys
from pathlib import Path
from types import ModuleType

import gguf
import numpy as np
import pytest

from cluster.engine.gguf_file import gguf_path, is_gguf, read_gguf
from cluster.errors import RequestError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_token_list(["a", "b", "ñ"])
    writer.add_tensor("output.weight", np.arange(12, dtype=np.float32).reshape(3, 4))
    writer.add_tensor("norm.weight", np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_header_is_read(file: Path) -> None:
    found = read_gguf(file)
    assert (found.architecture, found.of_architecture("block_count"), found.parameters) == ("llama", 2, 16)
    assert found.of_tokenizer("tokens") == ["a", "b", "ñ"]
    assert found.tensors == {"output.weight": 12, "norm.weight": 4}
    assert found.of_tokenizer("merges") is None
    assert found.chat_template == ""


def test_a_file_that_is_cut_short_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    needed = len(whole) - 16  # the last tensor is padded
    for size in (0, 3, 4, 20, *range(24, needed, 7), needed - 1):
        file.write_bytes(whole[:size])
        with pytest.raises(RequestError, match=r"cut short or damaged; fetch it again|holds no model"):
            read_gguf(file)


@pytest.mark.parametrize("length", [2**40, 2**31, 400])
def test_an_array_that_is_longer_than_the_file_is_refused_at_once(file: Path, length: int) -> None:
    whole = file.read_bytes()
    said = (3).to_bytes(8, "little")  # the number of tokens, behind their type
    at = whole.index(said, whole.index(b"tokenizer.ggml.tokens"))
    file.write_bytes(whole[:at] + length.to_bytes(8, "little") + whole[at + 8 :])
    with pytest.raises(RequestError, match="cannot be read as GGUF"):
        read_gguf(file)


def test_damaged_bytes_are_refused_or_read_and_raise_nothing_else(file: Path) -> None:
    whole, chance = file.read_bytes(), random.Random(0)
    said = set[str]()
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(whole) - 80)] = chance.randrange(256)
        file.write_bytes(damaged)
        try:
            read_gguf(file)
        except RequestError as error:
            said.add(str(error))
    assert len(said) > 3
    assert not any("\n" in line for line in said)


def test_a_package_is_found_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "planted_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    (package / "Model.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert is_gguf("gguf:package:planted_weights/Model.gguf")
    assert gguf_path("gguf:package:planted_weights/Model.gguf") == package / "Model.gguf"
    assert "planted_weights" not in sys.modules
    with pytest.raises(RequestError, match=r"no such file; its GGUF files: Model\.gguf"):
        gguf_path("gguf:package:planted_weights/other.gguf")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("gguf:package:not_installed_here/a.gguf", "no package not_installed_here is installed here"),
        ("gguf:package:gguf/../gguf/constants.py", "names no file of a package"),
        ("gguf:package:gguf//etc/passwd", "names no file of a package"),
        ("gguf:package:without_spec/x", "no package without_spec is installed here"),
        ("gguf:package:gguf", "names no file of a package"),
        ("gguf:package:os.path/a.gguf", "names no file of a package"),
        ("gguf:/no/such/file.gguf", "there is no file /no/such/file.gguf"),
        ("gguf:", "there is no file"),
    ],
)
def test_a_source_that_names_no_file_is_refused(source: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "without_spec", ModuleType("without_spec"))  # as __main__ of a script
    with pytest.raises(RequestError, match=said):
        gguf_path(source)
