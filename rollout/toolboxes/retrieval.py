"""The functions that a problem needs, out of many: BM25 over names, descriptions and parameters."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from rollout.records import Call
from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox

_WORD = re.compile(r"[a-z]+|[0-9]+")


def retrieve(toolbox: Toolbox, query: str, k: int) -> Toolbox:
    """`toolbox` reduced to the `k` functions that fit `query` best, and the finishing one.

    Ties go by the order in the toolbox, so that the result is the same everywhere.
    """
    names = tuple(name for name in toolbox.functions if name != toolbox.finish)
    if k >= len(names):
        return toolbox
    index, vocabulary = _index(toolbox.hash, tuple(_text(toolbox.functions[name]) for name in names))
    # Numerals in a problem ask for functions that take numbers, whose descriptions say so in words.
    words = sorted({"number" if word.isdigit() else word for word in _words(query)} & vocabulary)
    if not words:
        return toolbox.subset(names[:k])
    scores = index.get_scores(words)
    ranked = sorted(range(len(names)), key=lambda position: (-round(float(scores[position]), 6), position))
    return toolbox.subset(names[position] for position in ranked[:k])


def recall(needed: Iterable[Call], retrieved: Toolbox) -> float:
    """Share of the distinct functions called in `needed` that are in `retrieved`; 1.0 when nothing is needed.

    The finishing function, which is always there, does not count.
    """
    names = {call.name for call in needed} - {retrieved.finish}
    return sum(name in retrieved.functions for name in names) / len(names) if names else 1.0


@lru_cache(maxsize=32)
def _index(_hash: str, texts: tuple[str, ...]) -> tuple[Any, frozenset[str]]:
    import bm25s
    from bm25s.stopwords import STOPWORDS_EN

    tokens = [[word for word in _words(text) if word not in STOPWORDS_EN] for text in texts]
    index = bm25s.BM25(method="lucene")
    index.index(tokens, show_progress=False)
    return index, frozenset(word for each in tokens for word in each)


def _text(function: Function) -> str:
    properties = function.parameters.get("properties", {})
    described = " ".join(f"{name} {schema.get('description', '')}" for name, schema in properties.items())
    # The name counts three times: it says most.
    return f"{function.name} {function.name} {function.name} {function.description} {described}"


def _words(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words]
