"""What a user's function can reach: every attempt of `benchmarks.attacks`, each a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.attacks.attempts import ATTEMPTS, DOCUMENTED
from benchmarks.attacks.scene import Scene, contained, scene
from rollout.toolboxes.isolation import landlock, seccomp
from rollout.toolboxes.isolation.confinement import shortfalls
from tests.repository import ROOT


@pytest.fixture(scope="module")
def there() -> Iterator[Scene]:
    with scene() as made:
        yield made


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_is_contained(there: Scene, name: str) -> None:
    reached = contained(there, name)
    if name in DOCUMENTED:
        assert reached, f"{name}: contained now; take it out of DOCUMENTED and docs/security.md"
    elif shortfalls():
        pytest.skip(f"NOT CHECKED on this kernel, {'reached' if reached else 'contained'}: {'; '.join(shortfalls())}")
    else:
        assert reached == ""


def test_there_are_many_attempts_and_those_that_are_not_contained_are_documented() -> None:
    assert len(ATTEMPTS) >= 60
    text = (ROOT / "docs" / "security.md").read_text()
    for name in DOCUMENTED:
        assert name in ATTEMPTS
        assert name in text


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (0, "this kernel has no Landlock"),
        (1, "does not limit truncating, TCP, signals"),
        (3, "does not limit TCP, signals"),
        (5, "does not limit signals"),
        (6, ""),
        (7, ""),
    ],
)
def test_older_kernels_say_what_they_lack(version: int, says: str) -> None:
    text = landlock.shortfall(version)
    assert text == "" if not says else says in text


def test_a_kernel_without_landlock_is_said_and_the_audit_hook_stands_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(landlock, "_syscall", lambda *arguments: (-1, 38))
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
    assert landlock.abi() == 0
    assert landlock.restrict([], [str(tmp_path)]) == 0
    assert not seccomp.install()
    assert [each.partition(":")[0] for each in shortfalls()] == [
        "this kernel has no Landlock",
        "system calls are filtered on x86-64 only, this is riscv64",
    ]
