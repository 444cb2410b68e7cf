"""Files of users' functions, and calls of them: what the tests of users' toolboxes share."""

from pathlib import Path
from typing import Any

from rollout.records import Call, CallResult, canonical_json
from rollout.toolboxes import Toolbox
from tests.repository import ROOT

CASES = ROOT / "tests" / "data" / "toolboxes"


def written(folder: Path, text: str, name: str = "tools.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def called(toolbox: Toolbox, name: str, state: str = "null", **arguments: Any) -> CallResult:
    return toolbox.open(state).call(Call(name=name, arguments=canonical_json(arguments)))
