"""Templates of models, opened once for all models with the same tokenizer, as the checkpoints of one model are."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cluster.engine.model_source import TOKENIZER, local_tokenizer
from cluster.store.digests import known_digest
from rollout.data.layout import EXPORTED_PROBE, MADE_FROM
from rollout.formats import CallFormat
from rollout.prompts.native_template import open_template
from rollout.prompts.template import ChatTemplate
from rollout.records import content_hash

_OF_THE_MODEL = (MADE_FROM, EXPORTED_PROBE)
"""Names of files that say nothing of the tokenizer, and differ between a model's checkpoints."""


@dataclass(frozen=True, slots=True)
class _Tokenizer:
    """Equal where the files are equal from which a tokenizer is loaded."""

    files: str
    folder: Path = field(compare=False)


def opened_template(source: str, call_format: str, forbid_thoughts: bool) -> tuple[ChatTemplate, CallFormat]:
    """As `open_template`, for a model's source. A host that serves one policy after the other has one tokenizer, not
    one for each of them. Raises RequestError as `open_template` and `local_tokenizer` do."""
    return _opened(_tokenizer(source), call_format, forbid_thoughts)


@lru_cache(maxsize=64)
def _tokenizer(source: str) -> _Tokenizer:
    """Cached, so that the Hub is asked once."""
    folder = local_tokenizer(source)
    files = sorted({path for pattern in TOKENIZER for path in folder.rglob(pattern)})
    of_tokenizer = [path for path in files if path.name not in _OF_THE_MODEL]
    return _Tokenizer(
        content_hash(*(f"{path.relative_to(folder)} {known_digest(path)}" for path in of_tokenizer)), folder
    )


@lru_cache(maxsize=8)
def _opened(tokenizer: _Tokenizer, call_format: str, forbid_thoughts: bool) -> tuple[ChatTemplate, CallFormat]:
    return open_template(tokenizer.folder, call_format, forbid_thoughts)
