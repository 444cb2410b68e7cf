"""Ray that does not start, or lets us not in, is one line."""

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ChainprefError, RequestError, WorkError
from cluster.jobs.session import ray_session


@pytest.mark.parametrize(
    ("address", "error", "expected", "said"),
    [
        ("", Exception("The current node timed out during startup.\nMore."), WorkError, "^Ray did not start: The curr"),
        ("", TimeoutError(), WorkError, "^Ray did not start: TimeoutError$"),
        ("", RuntimeError("no port"), WorkError, "^Ray did not start: no port$"),
        (
            "x:1",
            ConnectionError("refused"),
            RequestError,
            r"^cluster\.address = 'x:1': no Ray cluster answers there \(",
        ),
        ("x:1", Exception("timed out"), WorkError, r"^cluster\.address = 'x:1': connecting .* failed: timed out$"),
    ],
)
def test_a_failed_start_is_one_line(
    address: str,
    error: Exception,
    expected: type[ChainprefError],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    def fail(**options: Any) -> None:
        asked.append(options)
        raise error

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("ray.init", fail)
    with pytest.raises(expected, match=said) as raised, ray_session(address, 1, tmp_path, False, "chainpref-mine"):
        pass
    assert type(raised.value) is expected
    assert "\n" not in str(raised.value)
    assert asked[0]["namespace"] == "chainpref-mine"
    assert asked[0]["address"] == (address or "local")
