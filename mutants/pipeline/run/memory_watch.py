"""Memory of a command and of all processes that it started, read every few seconds during a stage."""

import contextlib
import threading
from collections.abc import Iterator

import psutil

from pipeline.run.events import Events

_EVERY_S = 10.0


@contextlib.contextmanager
def watched(events: Events, stage: str) -> Iterator[None]:
    """Record the peak over the block as an event `memory`, in bytes of PSS of this process and all its descendants. On
    a remote cluster that is the driver alone."""
    peak = 0.0
    done = threading.Event()

    def read() -> None:
        nonlocal peak
        while not done.wait(_EVERY_S):
            peak = max(peak, proportional_bytes())

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield
        peak = max(peak, proportional_bytes())
    finally:
        done.set()
        if peak:
            events.add("memory", stage=stage, peak=int(peak))


def proportional_bytes() -> float:
    """Proportional set size (PSS) in bytes: shared pages are divided among the processes that share them."""
    here = psutil.Process()
    total = 0.0
    for process in (here, *here.children(recursive=True)):
        with contextlib.suppress(psutil.Error, OSError):
            total += process.memory_full_info().pss
    return total
