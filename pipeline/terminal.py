"""The console of every command: what a model, a file or a user wrote is shown on it, and obeyed by nothing.

Square brackets are square brackets, escapes and direction marks are written out, and credentials are masked, whoever
prints them: `print`, `out`, cells of tables, panels, bars.
"""

import os
import sys
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import IO, Any, NoReturn

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from cluster.shown import one_line, redacted, visible


class Terminal(Console):
    """A console that gives no text a meaning. Styles are given by `style=` and by `rich.text.Text` alone."""

    def __init__(self, file: IO[str] | None = None, stderr: bool = False) -> None:
        super().__init__(file=file, stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text of a string: here, so that columns are as wide as what is shown."""
        return super().render_str(visible(redacted(text)), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Everything that is printed, texts that were made elsewhere included. Movements of a bar are control segments
        of their own."""
        if isinstance(renderable, Text) and (masked := redacted(renderable.plain)) != renderable.plain:
            # Before it is wrapped, clipped or cut into styles: half a credential looks like none.
            shown_as = {name: getattr(renderable, name) for name in ("style", "justify", "overflow", "no_wrap", "end")}
            renderable = Text(masked, **shown_as)
        for segment in super().render(renderable, options):
            shown = segment.text if segment.control else visible(redacted(segment.text))
            yield segment if shown == segment.text else Segment(shown, segment.style)


def terminal() -> Terminal:
    """A command's console, on a file descriptor of its own: while stages work, descriptor 1 goes to a log file."""
    return Terminal(os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8"))


def fail(message: str, status: int) -> NoReturn:
    """Print the one line with which a command fails, and end the process with its exit status."""
    Terminal(stderr=True).out(one_line(f"chainpref: {message}"))
    raise SystemExit(status)


def show_traceback(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """In place of Python's own hook, for faults of this program: what it prints may quote anything."""
    sys.stderr.write(visible(redacted("".join(traceback.format_exception(kind, error, at)))))
