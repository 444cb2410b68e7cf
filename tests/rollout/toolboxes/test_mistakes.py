"""Whose fault an exception of a function is: the toolbox's or the model's."""

import ast

import pytest

from rollout.records import ErrorCode
from rollout.toolboxes.mistakes import Forbidden, from_exception


def parsed(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        raise ValueError("write a list") from None


def lacking() -> object:
    return missing_name  # type: ignore[name-defined]  # noqa: F821


def forbidden() -> object:
    raise Forbidden("opening /etc/passwd")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: parsed("[1, 2"), ErrorCode.FUNCTION_RAISED),
        (lambda: parsed("f()"), ErrorCode.FUNCTION_RAISED),
        (lacking, ErrorCode.TOOLBOX_FAULT),
        (forbidden, ErrorCode.TOOLBOX_FAULT),
    ],
)
def test_what_a_function_parses_is_the_models_and_what_it_lacks_is_its_own(call: object, code: ErrorCode) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - every kind is judged
        call()  # type: ignore[operator]
    assert from_exception("f", caught.value).code is code
