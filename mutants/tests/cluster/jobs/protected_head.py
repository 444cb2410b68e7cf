"""A Ray head with dashboard and metrics in a process of its own; authentication is whatever Ray's default is.

`python -m tests.cluster.jobs.protected_head FOLDER CPUS WORKERS` prints one JSON line once everything answers, WORKERS
further nodes of as many CPUs included, and ends when its standard input does. Until then each line is a number of CPUs:
another node with as many is started, and the line is said back once it has joined.
Ports are free ones, so that several live on one machine.
"""

import contextlib
import http.client
import json
import os
import socket
import sys
import time
import urllib.request
from typing import Any

import psutil


def main(folder: str, cpus: str, workers: str = "0") -> None:
    autoscaler, dashboard, dashboard_metrics = _free_ports(3)
    os.environ |= {"AUTOSCALER_METRIC_PORT": str(autoscaler), "DASHBOARD_METRIC_PORT": str(dashboard_metrics)}
    os.environ["RAY_DASHBOARD_STARTUP_TIMEOUT_S"] = "180"  # its modules are read from a cold disk on a new machine
    import ray
    from ray._private.parameter import RayParams

    # `init` has no option for the agent's port, and asks for one and the same on every machine.
    start = RayParams.__init__
    RayParams.__init__ = lambda self, *args, **kw: start(self, *args, **{"dashboard_agent_listen_port": 0, **kw})

    context = ray.init(
        address="local",
        include_dashboard=True,
        dashboard_port=dashboard,
        num_cpus=int(cpus),
        object_store_memory=200 << 20,
        _temp_dir=folder,
        log_to_driver=False,
    )
    # As `ray start` does. Without it a job's driver is sent to whichever cluster of this machine is found first.
    from ray._private.utils import write_ray_address

    write_ray_address(context.address_info["gcs_address"], folder)
    ray.get(ray.remote(_free_ports).remote(1))  # something for Ray's own metrics to count
    (node,) = ray.nodes()
    added = [_add(context.address_info, folder, cpus) for _ in range(int(workers))]
    metrics = [(node["NodeManagerAddress"], node["MetricsExportPort"]), ("127.0.0.1", autoscaler)]
    metrics.append(("127.0.0.1", dashboard_metrics))
    listening = _listening()
    facts = {
        "gcs": context.address_info["gcs_address"],
        "dashboard": f"http://{context.dashboard_url}",
        "session": context.address_info["session_dir"],
        "metrics": [f"http://{host}:{port}/metrics" for host, port in metrics],
        "listening": listening,
        "agent": _agent(listening),
        "agent_routes": _agent_routes(),
    }
    print(json.dumps(facts), flush=True)  # noqa: T201
    for line in sys.stdin:
        added.append(_add(context.address_info, folder, line))
        print(line, end="", flush=True)  # noqa: T201
    for one in added:
        one.kill_all_processes(check_alive=False, allow_graceful=True)
    ray.shutdown()


def _add(head: Any, folder: str, cpus: str) -> Any:
    """Another node on this machine, as ray.cluster_utils adds them, which takes no folder for its sockets."""
    import ray
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    there = len(ray.nodes())
    parameters = RayParams(
        gcs_address=head["gcs_address"],
        redis_address=head["gcs_address"],
        num_cpus=float(cpus),
        num_gpus=0,
        object_store_memory=150 << 20,
        node_ip_address=head["node_ip_address"],
        node_manager_port=0,
        min_worker_port=0,
        max_worker_port=0,
        include_log_monitor=False,
        temp_dir=folder,
        # Otherwise what a job brings along is unpacked in one place by all nodes, each time from the beginning.
        runtime_env_dir_name=f"runtime_resources_{there}",
    )
    node = Node(parameters, head=False, shutdown_at_exit=True, spawn_reaper=True)
    while len(ray.nodes()) <= there:
        time.sleep(0.1)
    return node


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _listening() -> list[tuple[str, int, str]]:
    """Address, port and command line of every listening TCP socket of this process and those it started."""
    me = psutil.Process()
    found = []
    for process in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # Ray starts and ends workers meanwhile
            command = " ".join(process.cmdline())[:300]
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.append((connection.laddr.ip, connection.laddr.port, command))
    return found


def _agent(listening: list[tuple[str, int, str]]) -> str:
    """Address of the HTTP server that the node's dashboard agent is, among the agent's ports."""
    ports = [(ip, port) for ip, port, command in listening if "DashboardAgent" in command]
    for _ in range(30):
        for ip, port in ports:
            address = f"http://{'127.0.0.1' if ip in ('0.0.0.0', '::') else ip}:{port}"
            try:
                with urllib.request.urlopen(f"{address}/api/local_raylet_healthz", timeout=2) as answer:
                    if answer.read() == b"success":  # the metrics server says 200 to every path
                        return address
            except (OSError, http.client.HTTPException, ValueError):  # some of them speak gRPC
                continue
        time.sleep(1)
    return ""


def _agent_routes() -> list[tuple[str, str]]:
    """Method and path of what a node's agent answers, from its own route table."""
    from ray.dashboard import utils
    from ray.dashboard.optional_utils import DashboardAgentRouteTable

    utils.get_all_modules(utils.DashboardAgentModule)
    routes: Any = DashboardAgentRouteTable.routes()
    return [(route.method, route.path) for route in routes]


if __name__ == "__main__":
    main(*sys.argv[1:])
