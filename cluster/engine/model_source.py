"""Where a model's files are: a folder, or a pinned snapshot of the Hugging Face Hub.

A source is a folder's path, or `hub:OWNER/NAME@COMMIT`. A Hub model must name its commit, so that two nodes, or
two days, never serve different weights under one name.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from cluster.errors import RequestError, WorkError, first_line
from cluster.store.digests import check_sums, known_digest, read_sums

_PART = r"(?!\.|-)(?:[A-Za-z0-9_]|[.-](?![.-]|/|@|$)){1,96}"
_HUB = re.compile(rf"hub:(?P<name>{_PART}/{_PART})(?:@(?P<commit>\w*))?")
"""As the Hub wants names: no part begins or ends with a dot or a dash, or has two of them in a row."""
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
TOKENIZER = ("*.json", "*.model", "*.jinja", "*.txt")
"""The files of a model from which its tokenizer is loaded, and what else is small."""
_WEIGHTS = ("*.safetensors", *TOKENIZER)


def local_model(source: str) -> Path:
    """The folder that holds the model on this machine, fetched from the Hub when it has to be.

    Raises RequestError when the source is no model, WorkError when the Hub cannot be reached, and CorruptionError when
    a folder of a run is not what was written there.
    """
    return _folder(source, _WEIGHTS)


def local_tokenizer(source: str) -> Path:
    """Like `local_model`, for work on text alone: the weights of a Hub model are not fetched."""
    return _folder(source, TOKENIZER)


def _folder(source: str, files: Sequence[str]) -> Path:
    if not source.startswith("hub:"):
        folder = Path(source)
        if not (folder / "config.json").is_file():
            raise RequestError(
                f"model {source}: no config.json there; name a Hugging Face folder or hub:OWNER/NAME@COMMIT"
            )
        # Pickled weights can run code when they are loaded; where there are safetensors, those are loaded instead.
        pickled = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
        if pickled and not any(folder.glob("*.safetensors")):
            raise RequestError(f"model {folder}: {pickled[0]} is a pickle; convert it to safetensors")
        remedy = f"restore it, or remove {folder} and run again"
        check_sums(folder, remedy, lambda name: _WEIGHTS is files or not name.endswith(".safetensors"))
        return folder
    match = _HUB.fullmatch(source)
    if match is None or not re.fullmatch(r"[0-9a-f]{40}", match["commit"] or ""):
        raise RequestError(f"model {source}: write it as hub:OWNER/NAME@COMMIT with the commit's 40 hex digits")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(match["name"], revision=match["commit"], allow_patterns=list(files)))
    except HFValidationError as error:
        raise RequestError(f"model {source}: no name of a Hub model: {first_line(error)}") from None
    except (HfHubHTTPError, OSError) as error:
        raise WorkError(f"model {source}: the Hub did not give it: {first_line(error)}") from error


def model_revision(source: str) -> str:
    """The Hub's commit, or the content hash (32 hex digits) of a folder's weights and configuration."""
    match = _HUB.fullmatch(source)
    if match is not None and match["commit"]:
        return str(match["commit"])
    folder = local_model(source)
    return _revision({path.name: known_digest(path) for pattern in _WEIGHTS for path in folder.glob(pattern)})


def recorded_revision(folder: Path) -> str | None:
    """The revision of a folder by the list of its files that was written with it: no weights are read. None where there
    is no list. Raises CorruptionError for a broken one."""
    sums = read_sums(folder)
    if sums is None:
        return None
    return _revision({name: sums[name] for name in sums if any(fnmatch(name, pattern) for pattern in _WEIGHTS)})


def _revision(digests: Mapping[str, str]) -> str:
    whole = hashlib.sha256()
    for name in sorted(digests):
        whole.update(name.encode())
        whole.update(bytes.fromhex(digests[name]))
    return whole.hexdigest()[:32]
