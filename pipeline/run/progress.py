"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_PLAIN_EVERY_S = 15.0


class Bar:
    """One task's progress."""

    def __init__(self, progress: Progress, title: str, total: float) -> None:
        self._progress, self._title, self._total = progress, title, total
        self._done = 0.0
        self._note = ""
        self._started = self._printed = time.monotonic()
        self._task = progress.add_task(title, total=total, note="")

    def update(self, done: float, note: str = "", total: float | None = None) -> None:
        """Show that `done` of the total is done, with a note. `total` replaces a total that was only a guess."""
        self._done, self._note, self._total = done, note or self._note, total or self._total
        self._progress.update(self._task, completed=done, total=self._total, note=self._note)
        if self._progress.disable and time.monotonic() - self._printed >= _PLAIN_EVERY_S:
            self._printed = time.monotonic()
            self.print_line()

    def print_line(self) -> None:
        """Print the progress as a plain line."""
        share = f"{self._done:,.0f}/{self._total:,.0f}"
        elapsed = time.monotonic() - self._started
        note = f"  {self._note}" if self._note else ""
        self._progress.console.out(f"  {self._title}: {share} after {elapsed:.0f} s{note}")


@contextmanager
def progress_bar(console: Console, title: str, total: float, *, plain: bool = False) -> Iterator[Bar]:
    """Show a bar while the block runs, and one plain line when it ends. `plain`: lines on a terminal, too, where other
    work has a bar."""
    columns = (
        TextColumn("  {task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    with Progress(*columns, console=console, transient=True, disable=plain or not console.is_terminal) as progress:
        bar = Bar(progress, title, total)
        yield bar
    bar.print_line()
