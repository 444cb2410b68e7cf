"""microchain 0.4.6 at the problems of `benchmarks.rollout`: its own agent, engine and generator, in its own process.

One agent at a time, as microchain does it; or several threads, each with an agent and an engine of its own, which its
design allows and leaves to its users. Install it with `pip install -e .[benchmark]`; nothing else imports it.
"""

import contextlib
import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from rollout.toolboxes.builtin import arithmetic

INSTALL = "microchain-python is not installed; `pip install -e .[benchmark]` installs it, --only leaves it out"


@dataclass(frozen=True)
class Asked:
    """How microchain's agents attempt problems. `problems`: (id, prompt)."""

    address: str
    model: str
    problems: Sequence[tuple[str, str]]
    max_steps: int
    max_step_tokens: int
    temperature: float


@dataclass(frozen=True)
class Done:
    """What came of it. `answers`: problem id -> answer, None where there was none."""

    seconds: float
    requests: int
    generated_tokens: int
    answers: dict[str, Any]


def attempt_problems(asked: Asked, pipe: Connection) -> None:
    """The process: for every number of threads it is sent, all problems once; None ends it."""
    try:
        import microchain  # noqa: F401
    except ImportError:
        pipe.send(INSTALL)
        return
    pipe.send("")
    while (threads := pipe.recv()) is not None:
        # It prints every step, in colour.
        with contextlib.redirect_stdout(io.StringIO()):
            pipe.send(_run(asked, threads))


def _run(asked: Asked, threads: int) -> Done:
    agents: SimpleQueue[_Solver] = SimpleQueue()
    solvers = [_Solver(asked) for _ in range(threads)]
    for solver in solvers:
        agents.put(solver)

    def one(problem: tuple[str, str]) -> tuple[str, Any]:
        solver = agents.get()
        try:
            return problem[0], solver.solve(problem[1], asked.max_steps)
        finally:
            agents.put(solver)

    begun = time.perf_counter()
    if threads == 1:
        answers = dict(map(one, asked.problems))
    else:
        with ThreadPoolExecutor(threads) as pool:
            answers = dict(pool.map(one, asked.problems))
    seconds = time.perf_counter() - begun
    requests = sum(solver.requests for solver in solvers)
    return Done(seconds, requests, sum(solver.tokens.completion_tokens for solver in solvers), answers)


class _Solver:
    """An agent with its engine and its functions."""

    def __init__(self, asked: Asked) -> None:
        from microchain import LLM, Agent, Engine, OpenAIChatGenerator
        from microchain.models.token_tracker import TokenTracker

        self.requests = 0
        self.tokens = TokenTracker()
        self._answer: Any = None
        generator = OpenAIChatGenerator(
            model=asked.model,
            api_key="none",
            api_base=asked.address,
            temperature=asked.temperature,
            max_tokens=asked.max_step_tokens,
            token_tracker=self.tokens,
        )
        engine = Engine(state={})
        for function in _functions(self._finish):
            engine.register(function)
        self._help = engine.help
        self._agent = Agent(llm=LLM(generator=self._counted(generator)), engine=engine)

    def solve(self, prompt: str, max_steps: int) -> Any:
        self._answer = None
        self._agent.prompt = prompt
        self._agent.run(iterations=max_steps)
        return self._answer

    def _finish(self, answer: Any) -> None:
        self._answer = answer
        self._agent.stop()

    def _counted(self, generator: Any) -> Any:
        def generate(messages: Any, stop: Any = None) -> Any:
            self.requests += 1
            reply = generator(messages, stop=stop)
            assert reply != "Error: timeout", "the server answers"
            return reply

        return generate


def _functions(finish: Any) -> list[Any]:
    """The toolbox `arithmetic` as microchain's functions: the same implementations."""
    from microchain import Function
    from microchain.functions import Reasoning, Stop

    def operation(name: str) -> Any:
        implementation = getattr(arithmetic, name)

        def call(self: Any, a: float, b: float) -> Any:
            return implementation(a, b)

        members = {"__call__": call, "example_args": [3, 4], "description": f"{name} of two numbers"}
        return type(name, (Function,), members)()

    def give(self: Any, answer: float) -> Any:
        finish(answer)
        return answer

    members = {"__call__": give, "example_args": [3], "description": "Give the final answer"}
    finishing = type("finish", (Function,), members)()
    return [*(operation(name) for name in ("add", "sub", "mul", "div")), finishing, Reasoning(), Stop()]
