"""Text as people and records may have it: without credentials, and with what a terminal obeys written out.

Credentials get into text from outside: an address with a password, a signed link in what a library says, a variable
that somebody pasted into a recipe. Errors, the console, the event log and the logs of a run all pass through here.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import category
from urllib.parse import unquote

MASK = "***"
_SECRET_NAME = r"(?:token|secret|passw(?:or)?d|api_?key|access_?key|signature|credential)"
_CREDENTIALS = re.compile(
    "|".join(
        (
            # An address's user and password; a password may hold "@", and one that nobody escaped "/", "?" or "#", too.
            r"(?<=://)[^\s/?#\"'<>]*(?=@)",
            r"(?<=://)[^\s/?#\"'<>@:\[]*:(?!\d{1,5}(?:[/?#]|$))[^\s\"'<>]*(?=@)",
            # A part of a query, a fragment or a form, such as X-Amz-Signature=... of a signed link.
            rf"(?i:(?<=[?&;#])(?:[\w.%-]*?{_SECRET_NAME}[\w.%-]*|sig|key|auth)=(?P<query>[^\s&;#\"'<>]+))",
            # NAME=VALUE of a shell, and a request's header.
            r"\b[A-Z][A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|API_KEY|ACCESS_KEY)=[\"']?(?P<shell>[^\s\"']{8,})",
            r"(?i:authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest|negotiate|api-?key)\s+)?"
            r"(?P<header>[^\s\"',}]+))",
            r"(?i:\bbearer\s+(?P<bearer>[\w.~+/=-]{16,}))",
            # What keys of the Hub, GitHub, AWS and others look like.
            r"\b(?:hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|sk-[\w-]{20,}|A[KS]IA[A-Z0-9]{16})\b",
        )
    )
)
_NAMES = re.compile(r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|(?:API|ACCESS|SECRET|PRIVATE)_KEY)(?:_|$)")
_PLACES = ("_PATH", "_FILE", "_DIR", "_URI")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://([^\s/?#]*)@\S*")
_LEAST = 8
"""Characters of the shortest value of a variable that is taken for a secret: shorter ones are parts of words."""


def redacted(text: str) -> str:
    """`text` with every credential in it replaced by a mask: those of addresses, queries and headers, those with the
    form of a known key, and the values of this process's secret variables."""
    parts, end = [], 0
    for start, stop in _spans(text, _secrets()):
        parts += [text[end:start], MASK]
        end = stop
    return "".join((*parts, text[end:]))


def holds_credential(text: str) -> bool:
    """Whether a text that is to be kept, such as a recipe's value, looks as if a credential stood in it."""
    return any(_spans(text, ()))


def visible(text: str) -> str:
    """`text` with what a terminal obeys or hides (escapes, direction marks, lone surrogates) written out. Line breaks,
    tabs and blanks of any width stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one in "\n\t" or one.isprintable() or category(one) == "Zs" else ascii(one)[1:-1] for one in text
    )


def one_line(text: str) -> str:
    """`text` without credentials, as one line: a name with a line break in it cannot look like two lines."""
    return visible(redacted(text)).replace("\n", "\\n")


def mask_log(path: Path) -> int:
    """Overwrite every credential in a log by asterisks, in place, since others may still append. Returns how many."""
    found, secrets = 0, _secrets()
    with path.open("r+b") as file:
        at = 0
        for line in iter(file.readline, b""):
            # One character a byte, so that places in the text are places in the file.
            for start, stop in _spans(line.decode("latin-1"), [each.encode().decode("latin-1") for each in secrets]):
                os.pwrite(file.fileno(), b"*" * (stop - start), at + start)
                found += 1
            at += len(line)
    return found


def _secrets() -> list[str]:
    """Values of this process's variables that are secret by their names, and user and password of those that are
    addresses; the longest first."""
    found: set[str] = set()
    for name, value in os.environ.items():
        if _NAMES.search(name.upper()) and not name.upper().endswith(_PLACES):
            found.add(value)
        if address := _ADDRESS.fullmatch(value):
            user, _, password = address[1].partition(":")
            found |= {part for each in (user, password) for part in (each, unquote(each))}
    return sorted((value for value in found if len(value) >= _LEAST and value.isprintable()), key=len, reverse=True)


def _spans(text: str, secrets: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Begin and end of each credential in `text`, in order, none within another."""
    found = []
    for match in _CREDENTIALS.finditer(text):
        found.append(match.span(match.lastgroup or 0))
    for secret in secrets:
        found += [(at.start(), at.end()) for at in re.finditer(re.escape(secret), text)]
    end = 0
    for start, stop in sorted(found, key=lambda span: (span[0], -span[1])):
        if stop > max(start, end) and text[start:stop].strip("*"):
            yield max(start, end), stop
            end = stop
