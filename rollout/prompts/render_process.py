"""The process in which chat templates are rendered: `python -P -m rollout.prompts.render_process DESCRIPTOR`.

A template comes with a model. Jinja's sandbox keeps it from everything but its arguments, not from endless loops and
large texts: both end here, where nothing else runs. It gets one request after the other over a pair of sockets, as
`rollout.prompts.renderer` sends them.
"""

import datetime
import os
import resource
import signal
import socket
import sys
from typing import Any

from rollout.toolboxes.isolation.wire import receive, send

MEMORY_BYTES = 1 << 30
"""What a template may take beside what this process takes anyway."""


def rendered(request: dict[str, Any]) -> str:
    """The text of a conversation. Raises whatever the template raises."""
    from transformers.utils.chat_template_utils import render_jinja_template

    today = datetime.date.fromisoformat(request["today"])
    texts, _ = render_jinja_template(
        conversations=[request["messages"]],
        tools=request["tools"],
        chat_template=request["template"],
        add_generation_prompt=request["header"],
        **request["tokens"],
        **request["switches"],
        date_string=today.strftime("%d %b %Y"),
        strftime_now=today.strftime,
    )
    return str(texts[0])


def main() -> None:
    import transformers.utils.chat_template_utils  # noqa: F401  before memory is limited

    pipe = socket.socket(fileno=int(sys.argv[1]))
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, taken + MEMORY_BYTES))
    send(pipe, {"ready": os.getpid()})
    while True:
        try:
            request = receive(pipe)
        except EOFError:  # who asks has ended
            return
        signal.alarm(int(request["seconds"]) + 1)  # ends this process, also where nobody waits for it any more
        try:
            reply = {"text": rendered(request)}
        except MemoryError:
            reply = {"over": "takes too much memory"}
        except Exception as error:  # a template may raise whatever its expressions raise
            reply = {"refused": str(error) or type(error).__name__}
        signal.alarm(0)
        send(pipe, reply)


if __name__ == "__main__":
    main()
