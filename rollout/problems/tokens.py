"""The tokens of a problem's text, so that two texts with the same tokens ask the same.

Case of words, spacing, the marks that end a phrase, and spellings of one symbol (`×` and `*`) say nothing about what is
asked. Every other character may: digits, operators, signs, brackets, symbols of logic and of code, indices, exponents.
"""

import functools
import re
import unicodedata
from pathlib import Path

from cluster.config import load_toml

_WORD = r"[^\W\d_]{2,}"
_GLYPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # scripts without spaces: each one is a token
_MARKS = "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e4e"  # accents and vowel signs, parts of words
_TOKEN = re.compile(
    rf"""
    (?:\d+(?:\.\d+)?|\.\d+)(?![^\W_{_GLYPH}])            # 12, 3.5, .5; neither 2nd nor x1
  | [{_GLYPH}]
  | (?:[^\W{_GLYPH}][{_MARKS}]*)+(?:'[^\W{_GLYPH}]+)*       # a word: also don't, user_id, x1
  | [^\w\s]                                              # one sign: + - < ¬ ( ² $
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"(?<![\[({,.\w])\d{1,3}(?:,\d{3})+(?![\w,\])}])")
_PROSE = (
    (re.compile(rf"(?<![\w*)])\*{{1,3}}(?={_WORD})([^*\n]*)\*{{1,3}}(?![\w(*])"), r"\1"),  # **Note**, not 2**3
    (re.compile(r"(?<=[^\W\d_]{2})-(?=[^\W\d_]{2})"), " "),  # well-known, but neither x-y nor 5-3
    (re.compile(r"(?<=\S)[.,;:?]+(?=[\s\"'`)\]]|$)|\s[.?!:]+\s*$|\.{3,}|—"), " "),  # a mark, but not 3.5 or a?b:c
    (re.compile(rf"\((\s*(?:{_WORD}|a)(?:[\s,]+(?:{_WORD}|a))*\s*)\)"), r" \1 "),  # (in May), but not (x + 1)
    (re.compile(r"(?<=[^\W\d_]{2})!+(?=[\s\"'`]|$)"), " "),  # "How nice!", but neither 5! nor n! nor !=
    (re.compile(r"\b(in|at|after|above|first of) all\b", re.IGNORECASE), r"\1"),  # not a quantifier there
)
_SAME_SIGN = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        **dict.fromkeys("×⋅∗", "*"),
        **dict.fromkeys("÷∕", "/"),
        **dict.fromkeys("‘’ʼ", "'"),
        **dict.fromkeys("“”„«»", '"'),
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "→": "->",
        "⇒": "=>",
        "。": ". ",
        "、": ", ",
        "，": ", ",
        "？": "? ",
        "！": ". ",
        "；": "; ",
        "：": ": ",
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff"),
    }
)
_LETTERS = re.compile(rf"(?:[^\W\d_][{_MARKS}]*|')+")
QUOTES = frozenset("\"'`")
"""Signs that say what is quoted. Copies of a text often lose them."""
_MEANINGFUL = ("<super>", "<sub>", "<fraction>", "<font>")
"""Decompositions that Unicode calls compatible and a reader does not: 5² is not 52."""

_WORD_LISTS = load_toml(Path(__file__).parent / "deciding_words.toml")
_SAME_WORD: dict[str, str] = _WORD_LISTS["spellings"]
_DECISIVE = frozenset(word for words in _WORD_LISTS.values() if isinstance(words, str) for word in words.split())


@functools.lru_cache(maxsize=2**16)  # a text is compared with many others
def tokens(text: str) -> tuple[str, ...]:
    """The tokens of `text`, in order. Words are in lower case, single letters as they are: P and p may be two symbols.

    >>> tokens("How many is 12 − 3?") == tokens("how many  is 12 - 3")
    True
    >>> tokens("How many is 12 + 3?") == tokens("how many is 12 - 3?")
    False
    """
    found = _TOKEN.findall(_plain(text))
    return tuple(token if len(token) == 1 else token.casefold() for token in found)


def same_text(text: str) -> str:
    """A key that two texts share when they have the same tokens."""
    return " ".join(tokens(text))


def values(of: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a text's tokens that decide what its answer is, in order: numbers (`three` is 3), operators and other
    signs, symbols of one letter, names with digits, negations, quantifiers, comparisons and operations (English words).

    Quotes are left out, and so are `a` and `I`.
    """
    return tuple(one_spelling(token) for token in of if _decides(token))


def one_spelling(token: str) -> str:
    """A token as near duplicates compare it: `three` is 3, 3.50 is 3.5, and `isn't` is `not`."""
    if "." in token and token != ".":
        whole, _, part = token.partition(".")
        return f"{whole or 0}.{part}".rstrip("0").removesuffix(".")
    return "not" if token.endswith("n't") else _SAME_WORD.get(token, token)


def skeleton(text: str) -> str:
    """`text` in lower case without punctuation, every number as 0: the surface template of an imported problem."""
    return " ".join("0" if word.isdigit() else word for word in re.findall(r"\w+", text.casefold()))


def _plain(text: str) -> str:
    """The text with one spelling of each character, and without the marks of prose."""
    if not text.isascii():
        text = "".join(map(_compatible, unicodedata.normalize("NFC", text).translate(_SAME_SIGN)))
    text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    for mark, instead in _PROSE:
        text = mark.sub(instead, text)
    return text


def _compatible(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.decomposition(character).startswith(_MEANINGFUL):
        return f" {character} "
    return unicodedata.normalize("NFKC", character)


def _decides(token: str) -> bool:
    if len(token) == 1:
        return token not in QUOTES and token not in "aAI" and not re.match(f"[{_GLYPH}]", token)
    return token in _DECISIVE or token in _SAME_WORD or token.endswith("n't") or not _LETTERS.fullmatch(token)
