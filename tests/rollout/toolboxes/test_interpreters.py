"""Users' functions in another interpreter: a real second venv, with packages that clash with this project's."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.errors import RequestError
from rollout.problems import FamilyConfig, generate
from rollout.records import Call, ErrorCode
from rollout.toolboxes import Toolbox, load_toolbox
from rollout.toolboxes.exercise import exercise
from rollout.toolboxes.isolation import processes
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.loading import with_interpreter, without_interpreter
from tests.repository import ROOT

TOOLS = '''
import dataclasses
import sys

import numpy
import only_there


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


def versions() -> list[str]:
    """Say what is installed."""
    import lazily_there

    return [numpy.__version__, only_there.VALUE, lazily_there.VALUE]


def where() -> bool:
    """Say whether this is the other interpreter."""
    return sys.prefix.endswith(".venv-old")


def move(point: Point, by: int = 1) -> Point:
    """Move a point.

    Args:
        point: What is moved.

    Examples:
        move({"x": 1})
    """
    return Point(point.x + by, point.y)


def read(path: str) -> str:
    """Read a file."""
    return open(path).read()


def sets(text: str) -> dict[str, set[str]]:
    """Give a set."""
    return {"a": set(text)}
'''


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `.venv-old`, which has a numpy that is none, and none of what a worker needs."""
    folder = tmp_path_factory.mktemp("other")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv-old")], check=True)
    packages = next((folder / ".venv-old" / "lib").glob("python3*")) / "site-packages"
    (packages / "numpy.py").write_text('__version__ = "0.1"\n')
    (packages / "only_there.py").write_text('VALUE = "there"\n')
    (packages / "lazily_there.py").write_text('VALUE = "later"\n')
    (folder / "tools.py").write_text(TOOLS)
    (folder / "says_so.py").write_text(f'python = "old"\n{TOOLS}')
    return folder


@pytest.fixture
def there(other: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(other)
    monkeypatch.setattr("rollout.toolboxes.isolation.isolated.WORKERS", 1)
    load_toolbox.__globals__["_loaded"].cache_clear()
    yield other
    load_toolbox.__globals__["_loaded"].cache_clear()


def content(toolbox: Toolbox, name: str, arguments: str = "{}") -> str:
    return toolbox.open().call(Call(name=name, arguments=arguments)).content


@pytest.mark.parametrize("name", ["tools.py%old", "says_so.py", "tools.py%./.venv-old/bin/python"])
def test_functions_run_where_their_packages_are(there: Path, name: str) -> None:
    toolbox = load_toolbox(name)
    assert isinstance(toolbox, IsolatedToolbox)
    try:
        assert content(toolbox, "versions") == '["0.1","there","later"]'
        assert content(toolbox, "where") == "true"
        assert content(toolbox, "move", '{"point":{"x":1},"by":2}') == '{"x":3,"y":0.0}'
        assert content(toolbox, "sets", '{"text":"ba"}') == '{"a":["a","b"]}'
        wrong = toolbox.open().call(Call(name="move", arguments='{"point":{"x":"1"}}'))
        assert wrong.error is ErrorCode.MISTYPED_ARGUMENT
        outside = toolbox.open().call(Call(name="read", arguments='{"path":"/etc/passwd"}'))
        assert outside.error is ErrorCode.TOOLBOX_FAULT
        assert toolbox.functions["move"].examples == ('move({"x": 1})',)
    finally:
        toolbox.stop()


def test_without_it_the_file_is_refused_here(there: Path) -> None:
    with pytest.raises(RequestError, match="No module named 'only_there'"):
        load_toolbox("tools.py")


def test_it_is_exercised_there(there: Path) -> None:
    faults = [*exercise("tools.py%old").faults]
    assert [fault.partition(": ")[2].partition(":")[0] for fault in faults] == ["read"] or faults == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "tools.py%none",
            "python = 'none': there is no .venv-none/bin/python; write its lock in requirements, and make it by",
        ),
        ("tools.py%/no/such/python", "python = '/no/such/python': there is no /no/such/python; name .venv-NAME"),
        ("arithmetic%old", "a built-in toolbox runs in this interpreter; leave `python` out"),
    ],
)
def test_an_interpreter_that_is_not_there_is_a_wrong_request(there: Path, name: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        load_toolbox(name)


@pytest.mark.parametrize("python", ["", "old"])
def test_no_module_beside_the_first_file_of_a_worker_hides_another(
    there: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    """Its folder holds `wire.py` and the like, and may come to hold a name of the standard library."""
    beside = there / f"isolation{python}"
    beside.mkdir()
    bootstrap = beside / "bootstrap.py"
    shutil.copy(processes._BOOTSTRAP, bootstrap)
    for name in ("json", "socket", "struct", "colorsys"):
        (beside / f"{name}.py").write_text(f"raise SystemExit('{name} of this folder was imported')\n")
    (beside / "wire.py").write_text("")
    monkeypatch.setattr(processes, "_BOOTSTRAP", str(bootstrap))
    source = "import colorsys\nimport importlib.util\n\ndef found() -> bool:\n"
    source += '    """Say whether it is found."""\n    return importlib.util.find_spec("wire") is not None\n'
    (there / f"plain{python}.py").write_text(source)
    toolbox = IsolatedToolbox.start(f"plain{python}.py", python, workers=1)
    try:
        assert content(toolbox, "found") == "false"
    finally:
        toolbox.stop()


def test_an_interpreter_whose_pydantic_is_too_old_is_refused(there: Path) -> None:
    packages = next((there / ".venv-old" / "lib").glob("python3*")) / "site-packages"
    (packages / "pydantic.py").write_text('VERSION = "1.10.2"\n')
    (packages / "pydantic-1.10.2.dist-info").mkdir()
    (packages / "pydantic-1.10.2.dist-info" / "METADATA").write_text("Name: pydantic\nVersion: 1.10.2\n")
    try:
        with pytest.raises(RequestError, match=r"its pydantic is 1.10.2, types are read by 2.12 or newer"):
            load_toolbox("tools.py%old")
    finally:
        (packages / "pydantic.py").unlink()
        shutil.rmtree(packages / "pydantic-1.10.2.dist-info")


def test_a_recipe_names_the_interpreter(there: Path) -> None:
    words = [f"{one}{two}" for one in "abcdef" for two in "ghijk"]
    rows = "".join(f'{{"text":"Say {word}, twice","answer":"{word}"}}\n' for word in words)
    (there / "problems.jsonl").write_text(rows)
    made = {
        python: generate(
            FamilyConfig(
                family="jsonl", path="problems.jsonl", toolbox="tools.py", python=python, train=1, distractors=2
            ),
            "train",
        )[0]
        for python in ("", "old")
    }
    assert made["old"].toolbox == "tools.py%old+2@0"
    assert made[""].toolbox == "tools.py+2@0"
    toolbox = load_toolbox(made["old"].toolbox)
    assert isinstance(toolbox, IsolatedToolbox)
    assert len(toolbox.functions) == 8
    toolbox.stop()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.py", ("a.py", "")),
        ("a.py:B%old+100@7", ("a.py:B+100@7", "old")),
        ("a.py%/x/bin/python", ("a.py", "/x/bin/python")),
        ("m.n:F+3", ("m.n:F+3", "")),
    ],
)
def test_names_with_interpreters(name: str, parts: tuple[str, str]) -> None:
    assert without_interpreter(name) == parts
    assert with_interpreter("a.py", "old") == "a.py%old"


def test_requirements_install_makes_a_venv_from_a_lock_with_hashes(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "install", tmp_path / "requirements")
    wheel = tmp_path / "tiny_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny_thing.py", "VALUE = 1\n")
        file.writestr("tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n")
        file.writestr(
            "tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    settings = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PYTHON": sys.executable}

    def install(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(tmp_path / "requirements" / "install"), *words]
        return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)

    assert install("mine").returncode == 2
    assert install("mine", "dev").returncode == 2
    lock = tmp_path / "requirements" / "mine.lock"
    lock.write_text(f"tiny-thing==1.0 --hash=sha256:{digest}\n")
    done = install("mine")
    assert done.returncode == 0, done.stderr
    python = tmp_path / ".venv-mine" / "bin" / "python"
    assert subprocess.run([str(python), "-c", "import tiny_thing"], check=False).returncode == 0
    lock.write_text(f"tiny-thing==1.0 --hash=sha256:{'0' * 64}\n")
    subprocess.run([str(python), "-m", "pip", "uninstall", "-qy", "tiny-thing"], check=True, capture_output=True)
    assert install("mine").returncode != 0
