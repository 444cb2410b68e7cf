"""Renders chat templates in a process of their own, with a limit of time and of memory for each."""

import atexit
import os
import socket
import subprocess
import sys
import threading
from typing import Any

from cluster.errors import ChainprefError, WorkError
from rollout.toolboxes.isolation.wire import Garbled, receive, send

SECONDS = 20.0
"""How long a template may take; a real one takes some milliseconds."""
_START_S = 120.0
_KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""Variables that the process gets: none that may hold a secret."""


class TemplateLimitError(ChainprefError):
    """A chat template has no end, or writes too much: no model to work with. Exit status 2."""

    exit_status = 2


class Renderer:
    """The process that renders for this one. It is started at first use, and again after one that had to be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: socket.socket
        self._owner = 0

    def render(self, request: dict[str, Any], name: str) -> str:
        """The text. `name`: the model's, for messages. Raises ValueError with what the template said when it refuses,
        and TemplateLimitError."""
        with self._lock:
            try:
                try:
                    reply = self._ask(request)
                except (EOFError, ConnectionError):  # an earlier request's process may have been killed meanwhile
                    self.stop()
                    reply = self._ask(request)
            except (TimeoutError, EOFError, OSError, Garbled) as error:
                self.stop()
                kinds = {TimeoutError: f"takes more than {SECONDS:.0f} s", Garbled: "writes too much"}
                why = kinds.get(type(error), "ended the process that renders it")
                raise TemplateLimitError(f"chat template of {name!r} {why}; use another model") from None
        if "over" in reply:
            raise TemplateLimitError(f"chat template of {name!r} {reply['over']}; use another model")
        if "refused" in reply:
            raise ValueError(reply["refused"])
        return str(reply["text"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._start()
        send(self._pipe, {**request, "seconds": SECONDS}, SECONDS)
        return receive(self._pipe, SECONDS)

    def stop(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            self._pipe.close()

    def _start(self) -> None:
        # A fork of this process shares its sockets: it needs a process of its own.
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return
        self.stop()
        self._pipe, other_end = socket.socketpair()
        with other_end:
            path = os.pathsep.join(part or os.getcwd() for part in sys.path)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rollout.prompts.render_process", str(other_end.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other_end.fileno()],
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": path},
            )
            self._owner = os.getpid()
        try:
            receive(self._pipe, _START_S)
        except (TimeoutError, EOFError, OSError, Garbled) as error:
            self.stop()
            raise WorkError(f"the process that renders chat templates did not start ({type(error).__name__})") from None


RENDERER = Renderer()
atexit.register(RENDERER.stop)
