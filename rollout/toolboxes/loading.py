"""Loads a toolbox by its name:

`arithmetic`             one of the project's own: a module `rollout.toolboxes.builtin.NAME`
`arithmetic_renamed`     one of these, its functions under the names in its module's `NEW_NAMES`
`path/to/file.py`        a user's file of typed functions, or `path/to/file.py:NAME` for one object in it
`package.module:NAME`    the same, by import
`path/to/tools.json`     functions of schemas alone, also `schemas:[...]` with the list itself (`schemas/`)
`bfcl:CLASS,CLASS`       a world of another package's classes (`rollout.foreign.worlds`)
`tau2:DOMAIN`            another one
`mcp:COMMAND ...`        the tools of an MCP server, also `mcp+https://...` (`mcp/`)
`...%old`                a user's, run by the interpreter of `.venv-old`
`...#turns`              any of these for conversations: `finish` ends a turn, and needs no answer
`...+100@7`              any of these with 100 distractor functions drawn from seed 7

A built-in module defines `TOOLBOX`, or `FUNCTIONS`, a tuple of typed functions, and `NEW_NAMES`. Built-in functions run
in this process, and calls of schemas are checked in it; a user's run in worker processes, a server's in the server.
"""

import contextlib
import importlib
import importlib.util
import re
import threading
from collections.abc import Iterable
from functools import lru_cache

from cluster.errors import InfrastructureError, RequestError
from rollout.foreign.worlds import is_foreign, part_of, served
from rollout.records import content_hash
from rollout.toolboxes.distractors import with_distractors
from rollout.toolboxes.mcp.naming import is_server
from rollout.toolboxes.renaming import renamed
from rollout.toolboxes.schemas.toolbox import INLINE, is_schemas, load_schemas
from rollout.toolboxes.toolbox import Toolbox

BUILTIN = "rollout.toolboxes.builtin"
_BUILT_IN = re.compile(r"^[a-z][a-z0-9_]*$")
_NAME = re.compile(
    r"^(?P<base>.+?)(?:%(?P<python>[^%+]+?))?"
    r"(?P<more>(?P<turns>#turns)?(?:\+(?P<count>\d{1,5})(?:@(?P<seed>\d{1,9}))?)?)$"
)
_SERVER = re.compile(
    r"^(?P<base>mcp(?::|\+).+?)(?P<python>(?!))?(?P<more>(?P<turns>#turns)?(?:\+(?P<count>\d{1,5})(?:@(?P<seed>\d{1,9}))?)?)$",
    re.DOTALL,
)
"""A command or an address may hold all of `%`, `#`, `+` and `@`; one that ends like what is made of it is quoted."""
_TURNS = "#turns"


def load_toolbox(name: str) -> Toolbox:
    """The toolbox of that name; each process makes it once, and nobody who wants another one waits for it. Raises
    RequestError when there is none, and InfrastructureError where something kills the processes that would run it."""
    base = plain_name(name)
    with _lock_of(base.partition(":")[0] if is_foreign(base) else base):
        return _loaded(name)


def prepare_toolboxes(names: Iterable[str], episodes: int) -> None:
    """Load toolboxes, and start what so many episodes side by side would wait for. Raises RequestError where there is
    none; what something killed, an episode that needs it says."""
    for name in names:
        with contextlib.suppress(InfrastructureError):
            load_toolbox(name).prepare(episodes)


@lru_cache(maxsize=256)
def _lock_of(shared: str) -> threading.RLock:
    """What is held while a toolbox is made: one for all that are made of the same one, or of the same package, since
    they share its processes."""
    return threading.RLock()


@lru_cache(maxsize=256)
def _loaded(name: str) -> Toolbox:
    if is_built_in(name) or is_server(name):
        return load_in_process(name)
    from rollout.toolboxes.isolation.isolated import IsolatedToolbox

    plain, python = without_interpreter(name)
    base = plain_name(name)
    if not is_foreign(base):
        return IsolatedToolbox.start(plain, python)
    part = part_of(base, elsewhere=bool(python))
    whole = _served(f"{part.served}{plain.removeprefix(base)}", python)
    kept = {key: each for key, each in whole.functions.items() if key not in part.left_out}
    return whole.replaced(name, kept, content_hash(whole.hash, *kept))


@lru_cache(maxsize=64)
def _served(name: str, python: str) -> Toolbox:
    """What workers serve, whose processes all parts of it share."""
    from rollout.toolboxes.isolation.isolated import IsolatedToolbox

    return IsolatedToolbox.start(name, python)


def is_built_in(name: str) -> bool:
    """Whether a toolbox is one of the project's own, or one of schemas: no user's code runs."""
    base = plain_name(name)
    return _BUILT_IN.match(base) is not None or is_schemas(base)


def is_users(name: str) -> bool:
    """Whether a toolbox's functions are a user's own."""
    return not is_built_in(name) and not is_foreign(plain_name(name))


def load_in_process(name: str) -> Toolbox:
    """The toolbox of that name, with its functions in this process even if they are a user's: for the worker."""
    base, turns, count, seed = _split(name)
    if _BUILT_IN.match(base):
        toolbox = _built_in(base)
    elif is_schemas(base):
        toolbox = load_schemas(base)
    elif is_foreign(base):
        toolbox = served(base)
    elif is_server(base):
        from rollout.toolboxes.mcp.toolbox import load_server

        toolbox = load_server(base)
    else:
        from rollout.toolboxes.isolation.users import load_users

        toolbox = load_users(base)
    toolbox = toolbox.in_turns() if turns else toolbox
    return with_distractors(toolbox, count, seed) if count else toolbox


def with_interpreter(name: str, python: str) -> str:
    """A toolbox's name, to be run by the interpreter that `python` names; "" for this one."""
    return f"{name}%{python}" if python else name


def with_turns(name: str) -> str:
    """The name of a toolbox as it is for conversations."""
    base, turns, _, _ = _split(name)
    if turns:
        return name
    match = None if name.startswith(INLINE) else _matched(name)
    end = match.start("more") if match else len(base)
    return f"{name[:end]}{_TURNS}{name[end:]}"


def plain_name(name: str) -> str:
    """A toolbox's name without its interpreter's, and without what is made of the toolbox: of a user's, where it
    lies."""
    return _split(name)[0]


def have_same_functions(name: str, other: str) -> bool:
    """Whether two names are of one toolbox with one interpreter, whatever is made of it."""
    return (plain_name(name), without_interpreter(name)[1]) == (plain_name(other), without_interpreter(other)[1])


def without_interpreter(name: str) -> tuple[str, str]:
    """A toolbox's name without its interpreter, and the interpreter's; "" for this one."""
    match = None if name.startswith(INLINE) else _matched(name)
    return (f"{match['base']}{match['more'] or ''}", match["python"] or "") if match else (name, "")


def _matched(name: str) -> re.Match[str] | None:
    return (_SERVER if is_server(name) else _NAME).match(name)


def _split(name: str) -> tuple[str, bool, int, int]:
    """A toolbox's name as base name, whether it is for conversations, number of distractors and seed."""
    if name.startswith(INLINE):  # whose text may hold all of `+`, `@` and `%`
        end = name.rindex("]") + 1 if "]" in name else len(name)
        _, turns, count, seed = _split(f"{INLINE[:-1]}{name[end:]}") if name[end:] else ("", False, 0, 0)
        return name[:end], turns, count, seed
    match = _matched(name)
    if match is None:
        raise RequestError("a toolbox's name is empty; name a built-in one, FILE.py or MODULE:NAME")
    if match["python"] and (_BUILT_IN.match(match["base"]) or is_schemas(match["base"])):
        raise RequestError(f"toolbox {name!r}: a built-in toolbox runs in this interpreter; leave `python` out")
    return match["base"], match["turns"] is not None, int(match["count"] or 0), int(match["seed"] or 0)


def _built_in(name: str) -> Toolbox:
    original = name.removesuffix("_renamed")
    if original != name:
        plain = _built_in(original)
        return renamed(plain, name, importlib.import_module(f"{BUILTIN}.{original}").NEW_NAMES)
    module_name = f"{BUILTIN}.{name}"
    if importlib.util.find_spec(module_name) is None:
        raise RequestError(f"toolbox {name!r}: no such toolbox; name a built-in one, FILE.py or MODULE:NAME")
    module = importlib.import_module(module_name)
    toolbox, functions = getattr(module, "TOOLBOX", None), getattr(module, "FUNCTIONS", None)
    if isinstance(toolbox, Toolbox):
        return toolbox
    if functions is None:
        raise RequestError(f"toolbox {name!r}: {module_name} defines neither TOOLBOX nor FUNCTIONS")
    return Toolbox.of_functions(name, functions)
