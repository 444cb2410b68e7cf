"""A token-protected head lets nobody in: every route that it has, but those that docs/security.md lists as public."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.cluster.jobs.protected import ROOT, Head, ask, protected_head

pytestmark = pytest.mark.engine

WRONG = "0" * 64
CLIMBING = (
    "/static/../api/jobs/",
    "/static/%2e%2e/api/jobs/",
    "/static/..%2fapi/jobs/",
    "//api/jobs/",
    "/api/jobs/?/static/",
)
METRICS = ("monitor.py", "dashboard.py", "DashboardAgent")
"""Programs whose unprotected metrics ports docs/security.md names."""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with protected_head() as running:
        yield running


@pytest.fixture(scope="module")
def public() -> dict[str, set[str]]:
    """`dashboard` and `agent` -> "METHOD /path" as documented."""
    rows = re.findall(r"(?m)^\| `([A-Z]+ /\S*)` \| ([a-z, ]+) \|", (ROOT / "docs" / "security.md").read_text())
    return {where: {route for route, places in rows if where in places} for where in ("dashboard", "agent")}


def test_every_route_of_the_dashboard_refuses_but_the_public_ones(head: Head, public: dict[str, set[str]]) -> None:
    routes = registered(head)
    assert len(routes) > 50
    open_routes = {route for route in routes if not refused(head.dashboard, route)}
    documented = {route for route in public["dashboard"] if "..." not in route}
    # `authenticate` is let through to check the token that it was given, and refuses like the others.
    assert open_routes - {"GET /static"} == documented & routes - {"POST /api/authenticate"}
    # Those that Ray lets through and does not register on this head are not there at all.
    assert {ask("GET", head.dashboard + route.split()[1], "")[0] for route in documented - routes} <= {404, 405}


def test_every_route_of_the_agents_refuses_but_the_public_ones(head: Head, public: dict[str, set[str]]) -> None:
    routes = {f"{method} {path}" for method, path in head.agent_routes}
    assert len(routes) >= 5
    assert head.agent
    assert {route for route in routes if not refused(head.agent, route)} == public["agent"] & routes


def test_no_path_climbs_out_of_the_public_folder(head: Head) -> None:
    address = urlsplit(head.dashboard).netloc
    for path in (
        "/static/../api/jobs/",
        "/static/%2e%2e/api/jobs/",
        "/static/..%2fapi/jobs/",
        "//api/jobs/",
        "/api/jobs/?/static/",
    ):
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("GET", path)
        assert connection.getresponse().status in (401, 403, 404), path
        connection.close()


def test_a_token_in_the_address_is_no_token(head: Head) -> None:
    status, _ = ask("GET", f"{head.dashboard}/api/jobs/?token={head.token}", "")
    assert status == 401


def test_the_right_token_opens(head: Head) -> None:
    assert ask("GET", head.dashboard + "/api/jobs/", head.token)[0] == 200
    assert ask("GET", head.dashboard + "/nodes?view=summary", head.token)[0] == 200


@pytest.mark.parametrize("token", ["", WRONG])
def test_the_control_store_refuses(head: Head, token: str) -> None:
    code = f"from ray._raylet import GcsClient; GcsClient({head.gcs!r}).internal_kv_get(b'x', None); print('let in')"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    mode = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {"RAY_AUTH_MODE": "disabled"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=outside | mode, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert "let in" not in done.stdout
    assert re.search("unauthenticated|invalid|authentication", done.stderr, re.IGNORECASE)


def test_what_answers_without_a_token_beyond_loopback_are_metrics_only(head: Head) -> None:
    """Whatever listens: no HTTP server answers 200 to a stranger but on metrics ports and the dashboard's page."""
    metrics = {urlsplit(address).port for address in head.metrics}
    for ip, port, program in head.listening:
        host = "127.0.0.1" if ip in ("0.0.0.0", "::") else ip
        answered = http_status(host, port)
        if answered == 200:
            assert port in metrics, (ip, port, program)
            assert any(name in program for name in METRICS)


def registered(head: Head) -> set[str]:
    """ "METHOD /path" of what the dashboard says in its log that it has registered."""
    log = head.session / "logs" / "dashboard.log"
    for _ in range(60):
        if "Registered" in (text := log.read_text()):
            break
        time.sleep(0.5)
    found = re.findall(r"<\w*Route \[([A-Z*]+)\] <\w+ +([^ >]+)", text)
    count = re.search(r"Registered (\d+) routes", text)
    assert count is not None
    assert len(found) == int(count[1])
    return {f"{method} {path}" for method, path in found}


def refused(server: str, route: str) -> bool:
    """401 without a token, 403 with a wrong one. A route with names in it is asked for with some name."""
    method, path = route.split()
    method = "GET" if method == "*" else method
    path = re.sub(r"\{[^}]*\}", "x", path)
    return [ask(method, server + path, token)[0] for token in ("", WRONG)] == [401, 403]


def http_status(host: str, port: int) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
