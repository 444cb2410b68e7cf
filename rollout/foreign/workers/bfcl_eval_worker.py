"""What runs beside the package bfcl-eval: its own `ast_checker` and `multi_turn_checker`, with the package's questions
and answers.

One module of it is replaced, the table of models, which imports the clients of every one: what the checker asks of it
is whether a model writes `_` for `.` in names of functions. Names are given back here as they are in the questions.

`multi_turn_checker` evaluates the text of calls. It gets none that a model wrote: calls are written again here, as
names and literals, and this process is confined. In a text of theirs it would write other names before each `(`, so no
literal has one. And it keeps its worlds by the name of the model that made the calls, so each attempt has a name of its
own.
"""

import itertools
import json
import sys
import types
from functools import lru_cache
from pathlib import Path
from typing import Any

MODEL = "chainpref"

_table = types.ModuleType("bfcl_eval.constants.model_config")
_table.MODEL_CONFIG_MAPPING = {MODEL: types.SimpleNamespace(underscore_to_dot=False)}  # type: ignore[attr-defined]
sys.modules[_table.__name__] = _table

import bfcl_eval  # noqa: E402
from bfcl_eval.constants.enums import Language  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402
from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils  # noqa: E402
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import multi_turn_checker  # noqa: E402

FOLDER = Path(bfcl_eval.__file__).parent / "data"


def judge(category: str, id: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Judge calls, each with a name and arguments, as BFCL does: whether they are valid, else what is wrong.

    Irrelevance is right without any call, as BFCL has it.
    """
    if "irrelevance" in category:
        return {"valid": not calls, "error": "" if not calls else "irrelevance:calls"}
    functions, possible = functions_of(category)[id], answers_of(category)[id]
    written = [{call["name"]: call["arguments"]} for call in calls]
    try:
        found = ast_checker(functions, written, possible, Language.PYTHON, category, MODEL)
    except Exception as error:
        # It looks keys up in answers of another shape, say; BFCL counts such an answer as wrong.
        return {"valid": False, "error": f"raised:{type(error).__name__}"}
    return {"valid": bool(found["valid"]), "error": "" if found["valid"] else innermost(found)}


def judge_turns(category: str, id: str, turns: list[list[list[dict[str, Any]]]]) -> dict[str, Any]:
    """Judge the calls of each step of each turn, each with a name and arguments, as BFCL does."""
    name = f"{MODEL}{next(_attempts)}"
    written = [[[written_again(**call) for call in step] for step in turn] for turn in turns]
    try:
        found = multi_turn_checker(written, answers_of(category)[id], questions_of(category)[id], category, name)
    except Exception as error:  # it looks up attributes that only the gold calls make
        return {"valid": False, "error": f"raised:{type(error).__name__}"}
    finally:
        for key in [each for each in vars(multi_turn_utils) if each.startswith(f"{name}_")]:
            delattr(multi_turn_utils, key)
    return {"valid": bool(found["valid"]), "error": "" if found["valid"] else str(found["error_type"])}


FUNCTIONS = (judge, judge_turns)
_attempts = itertools.count()


def written_again(name: str, arguments: dict[str, Any]) -> str:
    """A call as Python text of a name and literals. Raises ValueError for what is no name."""
    for each in (name, *arguments):
        if not each.isidentifier():
            raise ValueError(f"{each!r} is no name of a function or an argument")
    # What stands in a text, a key of an object among them, has no bracket by which it would look like a call.
    given = (f"{key}={value!r}".replace("(", r"\x28") for key, value in arguments.items())
    return f"{name}({', '.join(given)})"


def innermost(found: Any) -> str:
    """The innermost type of error: parallel checkers wrap those of single calls."""
    kind = str(found.get("error_type", "unknown"))
    if kind.endswith("cannot_find_match"):
        inner = [
            next(iter(each.values())).get("sub_error_type", "") for each in found["error"] if isinstance(each, dict)
        ]
        return "+".join([kind, *sorted(set(filter(None, inner)))])
    return kind


@lru_cache(maxsize=16)
def functions_of(category: str) -> dict[str, Any]:
    """Id -> the functions of a question."""
    return {id: row["function"] for id, row in questions_of(category).items()}


@lru_cache(maxsize=16)
def questions_of(category: str) -> dict[str, Any]:
    """Id -> a question, whole."""
    return {row["id"]: row for row in _rows(FOLDER / f"BFCL_v4_{category}.json")}


@lru_cache(maxsize=16)
def answers_of(category: str) -> dict[str, Any]:
    """Id -> what BFCL allows."""
    rows = _rows(FOLDER / "possible_answer" / f"BFCL_v4_{category}.json")
    return {row["id"]: row["ground_truth"] for row in rows}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
