"""What a docstring says of a function: Google's, NumPy's, Sphinx's and Epydoc's styles, as docstring_parser reads them.

Examples are calls of the function itself: what stands behind `>>>`, or a line of the section `Examples:`. What doctest
would print below a call is no example.
"""

import ast
import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import docstring_parser


class Docstring(NamedTuple):
    """A docstring's parts."""

    description: str
    """The first paragraph, on one line; "" where the docstring begins with a section."""
    parameters: dict[str, str]
    """Parameter -> what is said of it, on one line."""
    examples: tuple[str, ...]
    """Calls of the function, as they are written."""


def read_docstring(text: str, name: str) -> Docstring:
    """The parts of the docstring of function `name`; `text` is without common indentation (`inspect.getdoc`)."""
    # A section that stands first is only seen as one below another line.
    parsed = docstring_parser.parse("\n" + text)
    paragraph = re.split(r"\n\s*\n|^\s*>>>", (parsed.description or "").strip(), maxsplit=1, flags=re.MULTILINE)[0]
    description = " ".join(paragraph.split())
    return Docstring(
        description=""
        if re.match(r"(Args|Arguments|Parameters|Params|Returns|Raises|Examples?):", description)
        else description,
        parameters={each.arg_name: " ".join((each.description or "").split()) for each in parsed.params},
        examples=tuple(example_calls(text, parsed, name)),
    )


def example_calls(text: str, parsed: docstring_parser.Docstring, name: str) -> Iterator[str]:
    sources = list[str]()
    if ">>>" in text:
        import doctest  # and with it pdb and unittest: 40 ms

        with contextlib.suppress(ValueError):  # what stands behind `>>>` is badly indented
            sources = [each.source for each in doctest.DocTestParser().get_examples(text)]
    for section in parsed.examples:
        if not section.snippet and ">>>" not in (section.description or ""):
            sources += (section.description or "").splitlines()
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for statement in ast.parse(source.strip()).body:
                call = statement.value if isinstance(statement, ast.Expr) else None
                if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == name:
                    written = ast.get_source_segment(source.strip(), call) or ""
                    written = written if written.isprintable() else ast.unparse(call)  # on one line
                    yield f"{name}{written.removeprefix(ast.unparse(call.func))}"
