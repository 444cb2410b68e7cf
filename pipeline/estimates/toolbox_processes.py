"""Memory of the processes that the driver and hosts start for templates and functions, on a machine without GPUs."""

from collections import Counter
from collections.abc import Iterable, Mapping

from pipeline.estimates.amounts import Amount
from pipeline.estimates.hardware import MIB
from rollout.config import HostsConfig
from rollout.problems.config import BFCL, MULTI_TURN, REASONING_GYM, TAU2, FamilyConfig
from rollout.toolboxes.isolation.isolated import WORKERS
from rollout.toolboxes.loading import is_users
from rollout.toolboxes.mcp.naming import is_server, read_name

RENDERER = 48.0 * MIB
"""A process that renders chat templates."""
WORKER = 33.0 * MIB
"""One that runs a user's functions or a package's; what these import comes on top."""
CHECKERS = {REASONING_GYM: 103.0 * MIB, BFCL: 30.0 * MIB}
"""Family -> one that judges its answers with the package's own checker."""
SERVER = 53.0 * MIB
"""An MCP server that is written with the SDK, and its launcher."""


def beside_driver(families: Iterable[FamilyConfig]) -> Amount:
    """Of the driver, which tries functions and gold calls before a run."""
    workers, servers = _kinds(families)
    return _amount("beside the driver", 1, workers, len(servers))


def beside_host(families: Iterable[FamilyConfig], hosts: HostsConfig) -> Amount:
    """Of the hosts of one role."""
    workers, servers = _kinds(families)
    together = sum(min(_most(name), hosts.live_episodes) for name in servers)
    return _amount("beside hosts", hosts.count, workers, together)


def _kinds(families: Iterable[FamilyConfig]) -> tuple[dict[str, float], set[str]]:
    """What is served by workers of its own, with the bytes of one, and the servers that are programs, of the problems
    that a recipe names."""
    workers, servers = dict[str, float](), set[str]()
    for family in families:
        name, of_package = family.toolbox_name, family.family
        if of_package == TAU2 or (of_package == BFCL and family.task.startswith(MULTI_TURN)):
            workers[of_package] = WORKER  # its tasks share them
            continue
        if of_package in CHECKERS:
            workers[f"checker of {of_package}"] = CHECKERS[of_package]
        if name and is_server(name):
            servers |= {name} if not read_name(name).url else set()
        elif name and is_users(name):
            workers[name] = WORKER
    return workers, servers


def _most(server: str) -> int:
    """Processes of a server that one host has at a time."""
    spec = read_name(server)
    return 1 if spec.side_by_side else spec.options.processes


def _amount(what: str, times: int, workers: Mapping[str, float], servers: int) -> Amount:
    parts = [f"renderer {RENDERER / MIB:.0f} MiB"]
    alike = Counter(workers.values())
    parts += [f"{WORKERS * count} workers x {size / MIB:.0f}" for size, count in alike.items()]
    parts += [f"{servers} servers x {SERVER / MIB:.0f}"] if servers else []
    total = times * (RENDERER + WORKERS * sum(workers.values()) + servers * SERVER)
    return Amount(what, total, f"{times} x ({' + '.join(parts)})", "measured, docs/planning.md")
