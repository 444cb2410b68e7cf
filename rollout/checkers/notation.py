"""Spellings of one character or one LaTeX command for another, brought to one plain form before anything is read.

Only what every reader takes for the same thing: digits of other scripts, Unicode's minus signs, spaces, superscripts
and fractions, `\\frac`, `\\times`, `\\text{}`. Nothing is evaluated, and what is unknown stays as it is.
"""

import re
import unicodedata

LONGEST = 400
"""Characters; a longer text is no number."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63", "-"),
        **dict.fromkeys("\u2044\u2215", "/"),
        **dict.fromkeys("\u22c5\u00b7\u2219", "·"),
        "\u2019": "'",
        "\u066b": ".",
        "\u066c": ",",
    }
)
_COMMANDS = {
    "times": "×",
    "cdot": "·",
    "circ": "°",
    "degree": "°",
    "$": "$",
    "%": "%",
    ",": " ",
    ";": " ",
    ":": " ",
    " ": " ",
    "!": "",
}
_COMMAND = re.compile(r"\\(?:(times|cdot|circ|degree)(?![A-Za-z])|([$%,;:! ]))")
_FRAC = re.compile(
    r"\\[dtc]?frac\s*(?:\{\s*([-+]?[0-9,]+)\s*\}|([0-9]))\s*(?:\{\s*([-+]?[0-9,]+)\s*\}|([0-9]))", re.ASCII
)
_FONT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox|rm|bf)\s*\{([^{}]*)\}")
_WRAPPER = re.compile(r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox)\s*(?=\{)")
_DELIMITERS = (("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"), ("$", "$"))
_DEEPEST = 8


def bare(text: str) -> str:
    """`text` without white space and invisible format characters at its ends."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def unwrapped(text: str) -> str:
    """What stands in the one `\\boxed{}`, `\\text{}`, `$...$`, `\\(...\\)` or `\\[...\\]` around all of `text`, at any
    depth up to 8; a full stop after them is left out."""
    text = bare(text)
    for _ in range(_DEEPEST):
        inner = _inside(text.removesuffix("."))
        if inner is None:
            break
        text = bare(inner)
    return text


def plain(text: str) -> str | None:
    """`text` in plain characters: ASCII digits, `-`, `/`, `^` before an exponent, simple spaces. None for a text that
    mixes the digits of two scripts."""
    text = unwrapped(text).replace("{,}", ",")
    text = _FONT.sub(_set_in_font, text).replace("^{\\circ}", "\\circ").replace("^\\circ", "\\circ")
    text = _COMMAND.sub(lambda match: _COMMANDS[match[1] or match[2]], text)
    text = _SUPERSCRIPT.sub(_exponent, text).translate(_CHARACTERS)
    characters, scripts = list[str](), set[int]()
    for character in text:
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            scripts.add(ord(character) - digit)
            characters.append(str(digit))
        else:
            characters.append(_character(character))
    if len(scripts) > 1:
        return None
    # Spaces around a fraction keep its digits apart from those before and behind it.
    return bare(_FRAC.sub(lambda match: f" {match[1] or match[2]}/{match[3] or match[4]} ", "".join(characters)))


def _exponent(match: re.Match[str]) -> str:
    """Superscripts as an exponent; in braces before a digit, which is none of its digits: 10³5 is not 10^35."""
    digits, behind = match[0].translate(_SUPERSCRIPTS), match.string[match.end() : match.end() + 1]
    return f"^{{{digits}}}" if behind.isdecimal() else f"^{digits}"


def _set_in_font(match: re.Match[str]) -> str:
    """What stands in `\\text{}` and the like; in braces where its digits would run into others: 10^3\\text{5}."""
    before, behind = match.string[: match.start()][-1:], match.string[match.end() : match.end() + 1]
    runs_on = (before.isdecimal() and match[1][:1].isdecimal()) or (behind.isdecimal() and match[1][-1:].isdecimal())
    return f"{{{match[1]}}}" if runs_on else match[1]


def _inside(text: str) -> str | None:
    for opening, closing in _DELIMITERS:
        if text.startswith(opening):
            within = text[len(opening) : -len(closing)]
            whole = text.endswith(closing) and len(text) > len(opening) + len(closing)
            whole = whole and opening not in within.replace("\\$", "")
            return within if whole else None
    wrapper = _WRAPPER.match(text)
    if wrapper is None:
        return None
    depth = 0
    for position in range(wrapper.end(), len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return text[wrapper.end() + 1 : position] if position == len(text) - 1 else None
    return None


def _character(character: str) -> str:
    """The plain form of one character that is no digit."""
    if character.isascii():
        return " " if character == "\t" else character
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    simple = unicodedata.normalize("NFKC", character)
    if "\u2044" in simple:
        return f" {simple.replace(chr(0x2044), '/')} "
    return simple if category == "Sc" or "\uff01" <= character <= "\uff5e" else character


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"
