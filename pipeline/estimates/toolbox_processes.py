"""Memory of the processes that the driver and hosts start for templates and functions, on a machine without GPUs."""

from collections.abc import Iterable

from pipeline.estimates.amounts import Amount
from pipeline.estimates.hardware import MIB
from rollout.config import HostsConfig
from rollout.problems.config import BFCL, MULTI_TURN, TAU2, FamilyConfig
from rollout.toolboxes.isolation.isolated import WORKERS
from rollout.toolboxes.loading import is_users
from rollout.toolboxes.mcp.naming import is_server, read_name

RENDERER = 48.0 * MIB
"""A process that renders chat templates."""
WORKER = 33.0 * MIB
"""One that runs a user's functions or a package's; what these import comes on top."""
SERVER = 53.0 * MIB
"""An MCP server that is written with the SDK, and its launcher."""


def beside_driver(families: Iterable[FamilyConfig]) -> Amount:
    """Of the driver, which tries functions and gold calls before a run."""
    workers, servers = _kinds(families)
    return _amount("beside the driver", 1, WORKERS * len(workers), len(servers))


def beside_host(families: Iterable[FamilyConfig], hosts: HostsConfig) -> Amount:
    """Of the hosts of one role."""
    workers, servers = _kinds(families)
    together = sum(min(_most(name), hosts.live_episodes) for name in servers)
    return _amount("beside hosts", hosts.count, WORKERS * len(workers), together)


def _kinds(families: Iterable[FamilyConfig]) -> tuple[set[str], set[str]]:
    """What is served by workers of its own, and the servers that are programs, of the problems that a recipe names."""
    workers, servers = set[str](), set[str]()
    for family in families:
        name = family.toolbox_name
        if family.family == TAU2 or (family.family == BFCL and family.task.startswith(MULTI_TURN)):
            workers.add(family.family)  # its tasks share them
        elif name and is_server(name):
            servers |= {name} if not read_name(name).url else set()
        elif name and is_users(name):
            workers.add(name)
    return workers, servers


def _most(server: str) -> int:
    """Processes of a server that one host has at a time."""
    spec = read_name(server)
    return 1 if spec.side_by_side else spec.options.processes


def _amount(what: str, times: int, workers: int, servers: int) -> Amount:
    parts = [f"renderer {RENDERER / MIB:.0f} MiB"]
    parts += [f"{workers} workers x {WORKER / MIB:.0f}"] if workers else []
    parts += [f"{servers} servers x {SERVER / MIB:.0f}"] if servers else []
    size = times * (RENDERER + workers * WORKER + servers * SERVER)
    return Amount(what, size, f"{times} x ({' + '.join(parts)})", "measured, docs/planning.md")
