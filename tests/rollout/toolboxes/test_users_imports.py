"""What users' files import and read, when they load and when their functions are called."""

import json
import shutil
from pathlib import Path

import pytest

from cluster.errors import RequestError
from rollout.records import ErrorCode
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.users import load_users
from tests.rollout.toolboxes.users_files import CASES, called

LAZY = {
    "numpy": "2.0",
    "pandas": "3",
    "sympy": '"2*x"',
    "scipy": "0.5",
    "json file": '{"apple":0.5,"pear":0.75}',
    "sqlite": "[[0.75]]",
    "sqlite memory": "[[3]]",
    "uuid": '"00000000-0000-0000-0000-000000000003"',
    "zone": '"2024-07-01T00:00:00+02:00"',
    "threads": '["1","2"]',
    "asyncio": "3",
    "locale": '"1234567"',
    "signal": "1",
    "dataclass": '"X(a=1)"',
    "cwd": "true",
    "ctypes": "4",
    "multiproc queue": "1",
}
FORBIDDEN = ("subprocess", "urllib", "logging", "processes")


def test_functions_import_and_read_what_lies_beside_them_when_they_are_called(tmp_path: Path) -> None:
    shutil.copytree(CASES / "shopdir", tmp_path / "shop")
    beside = IsolatedToolbox.start(str(tmp_path / "shop" / "beside.py"), workers=1)
    lazy = IsolatedToolbox.start(str(tmp_path / "shop" / "lazy.py"), workers=1)
    try:
        assert called(beside, "price", item="apple").content == "0.5"
        for what, content in LAZY.items():
            result = called(lazy, "lazily", what=what)
            assert (result.error, result.content) == (None, content), what
        for what in FORBIDDEN:
            assert called(lazy, "lazily", what=what).error is ErrorCode.TOOLBOX_FAULT, what
        result = called(lazy, "lazily", what="tempfile")
        assert result.error is None
        assert not Path(json.loads(result.content)).exists()
    finally:
        beside.stop()
        lazy.stop()


def test_async_functions_are_awaited() -> None:
    for name, call, arguments, content in (
        ("async_one.py", "asynchronous", {"a": 1}, "2"),
        ("bank.py:AsyncTools", "wait", {"seconds": 1}, "1.0"),
    ):
        toolbox = IsolatedToolbox.start(str(CASES / name), workers=1)
        try:
            assert called(toolbox, call, **arguments).content == content
        finally:
            toolbox.stop()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent.py", "no file absent.py; name one"),
        ("no.such.module", "no module no; name an importable one, or FILE.py"),
        ("users_package.no_such", "no module users_package.no_such; name an importable one"),
        ("users_package.reads", "importing users_package.reads raised FileNotFoundError: [Errno 2] No such file"),
        ("users_package.reads", "'/no/such/folder/prices.csv'"),
        (
            "users_package/reads.py",
            "importing users_package/reads.py raised FileNotFoundError: [Errno 2]",
        ),
        ("users_package/reads.py", "'/no/such/folder/prices.csv'"),
        (
            "users_package.needs",
            "importing users_package.needs raised ModuleNotFoundError: No module",
        ),
    ],
)
def test_what_does_not_load_is_named_with_the_file_that_it_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    """A module that opens a missing file is not a missing module, and people are told which file."""
    package = tmp_path / "users_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "reads.py").write_text('open("/no/such/folder/prices.csv")\n')
    (package / "needs.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RequestError) as refused:
        load_users(name)
    assert says in str(refused.value)
