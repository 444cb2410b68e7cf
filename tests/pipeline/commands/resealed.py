"""Changes a value in a file of a run, hashes it again as its writer would, and reads the run as commands do.

`python -m tests.pipeline.commands.resealed FOLDER COUNT [FIRST]` prints a JSON object for each change.
"""

import hashlib
import io
import json
import random
import shutil
import sys
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from cluster.errors import ChainprefError
from cluster.store.digests import sealed
from cluster.store.lines import read_lines, write_lines
from pipeline.commands.export import export_pairs
from pipeline.commands.inspection import diff, inspect_run
from pipeline.commands.status import show_status
from pipeline.commands.verify import contradictions, verify_run
from pipeline.run.folder import read_run
from pipeline.terminal import Terminal
from tests.repository import DATA

OPTIONS = dict.fromkeys(("outcome", "code", "family", "suite", "arm", "problem"), "")
VALUES = (
    *("", "\0", "../../x", "/etc/passwd", "\ud800", "[/b]", "\x1b[2J", "compact-x", "9" * 5000, "1e400", "NaN", "-1"),
    *(None, True, -1, 0, 10**30, 2**63, 1.5, float("inf"), [], {}, [[[]]], {"": ""}, ["../x"], {"a": [None]}),
)
"""What is put in place of a value."""


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [at, *(place for key in keys for place in places(value[key], (*at, key)))]


def changed(value: Any, draw: random.Random) -> Any:
    """The value with something in it replaced, removed or added."""
    place = draw.choice(places(value)[1:] or [()])
    if not place:
        return draw.choice(VALUES)
    node = value
    for key in place[:-1]:
        node = node[key]
    way = draw.random()
    if way < 0.15:
        del node[place[-1]]
    elif way < 0.25 and isinstance(node, dict):
        node[draw.choice(("", "../x", "added"))] = node.pop(place[-1])
    else:
        node[place[-1]] = draw.choice(VALUES)
    return value


def reseal(path: Path, draw: random.Random) -> None:
    """Change a file, and hash it again."""
    data = path.read_bytes()
    if path.suffix == ".jsonl":
        rows = list(read_lines(path)) or [{}]
        at = draw.randrange(len(rows))
        rows[at] = changed(rows[at], draw)
        write_lines(path, [encoded(row) for row in rows if isinstance(row, dict) and row])
    elif path.suffix == ".toml":
        table = changed(tomllib.loads(data.decode()), draw)
        path.write_bytes(sealed(tomli_w.dumps(table).encode(), "toml"))
    elif path.parent.name == "commits":
        body = encoded(changed(json.loads(data)["commit"], draw))
        path.write_bytes(encoded({"sha256": hashlib.sha256(body).hexdigest(), "commit": msgspec.Raw(body)}))
    else:
        table = json.loads(data)
        table.pop("sha256", None)
        path.write_bytes(sealed(encoded(changed(table, draw)), "json"))


def encoded(value: Any) -> bytes:
    if isinstance(value, dict) and any(isinstance(each, msgspec.Raw) for each in value.values()):
        return msgspec.json.encode(value)
    return json.dumps(value).encode()


def commands(folder: Path, other: Path, out: Path) -> dict[str, Callable[[], object]]:
    console = Terminal(io.StringIO())
    run = folder
    return {
        "status": lambda: show_status(run, console),
        "verify": lambda: verify_run(run, console),
        "contradictions": lambda: list(contradictions(read_run(run, console))),
        **{
            what: lambda what=what: inspect_run(run, what, OPTIONS, 2, console)
            for what in ("rollouts", "groups", "scores")
        },  # type: ignore[misc]
        "export": lambda: export_pairs(run, out, "trl", 1, console),
        "diff": lambda: diff(other, run, console),
    }


def main(folder: Path, count: int, first: int = 0) -> None:
    whole = DATA / "run-f013669"
    commits = sorted(path.relative_to(whole).as_posix() for path in whole.rglob("commits/*.json"))
    names = ("events.jsonl", "plan.json", "recipe.toml", "report/summary.json", "problems/train.jsonl", "")
    for seed in range(first, first + count):
        draw = random.Random(seed)
        name = names[seed % len(names)] or draw.choice(commits)
        run = Path(shutil.copytree(whole, folder / str(seed)))
        told: dict[str, Any] = {"seed": seed, "file": name, "refused": {}, "broke": {}}
        try:
            reseal(run / name, draw)
        except (TypeError, ValueError, AssertionError) as error:  # nothing that its writer could write
            told["unwritten"] = str(error)
        for command, call in commands(run, whole, folder / f"{seed}.jsonl").items():
            try:
                call()
            except ChainprefError as error:
                told["refused"][command] = str(error)
            except Exception as error:  # which would be a traceback
                frames = [at for at in traceback.extract_tb(error.__traceback__) if "site-packages" not in at.filename]
                told["broke"][command] = f"{type(error).__name__}: {error} at {frames[-1].filename}:{frames[-1].lineno}"
        shutil.rmtree(run)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
