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


def evaluated(text: str) -> object:
    return eval(text)  # noqa: S307 - what users' functions do


def executed(text: str) -> object:
    return exec(text)  # noqa: S102


def by_sympy(text: str) -> object:
    import sympy

    return sympy.sympify(text)


def by_an_interpreter(text: str) -> object:
    """As asteval and pandas.eval say it."""
    raise NameError(f"name {text!r} is not defined")


def from_a_template(text: str) -> object:
    return (lambda: evaluated(text))()


def unbound() -> object:
    for each in ():
        value = each
    return value


def importing() -> object:
    import no_such_module  # type: ignore[import-not-found]

    return no_such_module


def importing_late() -> object:
    try:
        importing()
    except ImportError as error:
        raise ValueError("no plot") from error


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: evaluated("1 + undefined"), ErrorCode.FUNCTION_RAISED),
        (lambda: evaluated("(lambda: undefined)()"), ErrorCode.FUNCTION_RAISED),
        (lambda: evaluated("[undefined for _ in (1,)]"), ErrorCode.FUNCTION_RAISED),
        (lambda: executed("import no_such_module"), ErrorCode.FUNCTION_RAISED),
        (lambda: executed("from math import nothing"), ErrorCode.FUNCTION_RAISED),
        (lambda: by_sympy("f.no_such_name + os"), ErrorCode.FUNCTION_RAISED),
        (lambda: by_an_interpreter("x"), ErrorCode.FUNCTION_RAISED),
        (lambda: from_a_template("x_y"), ErrorCode.FUNCTION_RAISED),
        (lambda: evaluated("lacking()"), ErrorCode.TOOLBOX_FAULT),
        (unbound, ErrorCode.TOOLBOX_FAULT),
        (importing, ErrorCode.TOOLBOX_FAULT),
        (importing_late, ErrorCode.TOOLBOX_FAULT),
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
