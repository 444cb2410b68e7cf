"""Retrieval of the functions that a problem needs: BM25 over names, descriptions, parameters and examples.

Names are split into words, words are stemmed, and few words are left out: what distinguishes a rule from a fact may be
an "if". A numeral counts as the word "number", which descriptions of functions that take numbers use.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from rollout.toolboxes.toolbox import Toolbox

_WORD = r"[^\W\d_]+"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STOPWORDS = ["a", "an", "and", "are", "be", "been", "is", "of", "to", "was", "were", "with"]
_SATURATION, _LENGTH = 0.5, 0.3
"""BM25's k1 and b. They are low, because a description says a thing once, and a longer one says more about when its
function is needed."""


def retrieve(toolbox: Toolbox, query: str, k: int) -> Toolbox:
    """`toolbox` reduced to the `k` functions that fit `query` (a problem's text) best, and the finishing one.

    Ties go by the order in the toolbox, so that the result is the same everywhere.
    """
    names = tuple(name for name in toolbox.functions if name != toolbox.finish)
    if k >= len(names):
        return toolbox
    texts = []
    for name in names:
        function = toolbox.functions[name]
        properties = function.parameters.get("properties", {})
        described = " ".join(f"{key} {schema.get('description', '')}" for key, schema in properties.items())
        texts.append(" ".join([name, function.description, described, *function.examples]))
    index, vocabulary = _index(tuple(texts))
    words = sorted(set(_words([query])[0]) & vocabulary)
    if not words:
        return toolbox.subset(names[:k])
    scores = index.get_scores(words)
    ranked = sorted(range(len(names)), key=lambda position: (-round(float(scores[position]), 6), position))
    return toolbox.subset(names[position] for position in ranked[:k])


@lru_cache(maxsize=32)
def _index(texts: tuple[str, ...]) -> tuple[Any, frozenset[str]]:
    import bm25s

    tokens = _words(texts)
    index = bm25s.BM25(method="lucene", k1=_SATURATION, b=_LENGTH)
    index.index(tokens, show_progress=False)
    return index, frozenset(word for each in tokens for word in each)


def _words(texts: Iterable[str]) -> list[list[str]]:
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    plain = [re.sub(r"\d+", " number ", _CAMEL.sub(" ", text)) for text in texts]
    words: list[list[str]] = bm25s.tokenize(
        plain, token_pattern=_WORD, stopwords=_STOPWORDS, stemmer=stemmer, return_ids=False, show_progress=False
    )
    return words
