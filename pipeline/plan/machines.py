"""The machines that a plan is for: a cluster file, a Ray cluster that answers, or this machine. Reads only."""

import contextlib
import math
import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError, first_line
from cluster.gpus import gpu_type
from cluster.jobs.submission import send_token
from pipeline.estimates.hardware import THIS_MACHINE, Machines, Node, load_machines
from pipeline.plan.models import model_shapes, needs_gpus
from pipeline.recipe import Recipe
from pipeline.run.quiet import libraries_to

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PricesConfig(Section):
    """A prices file: prices of an hour, of a GPU by its type and of a node by its kind."""

    gpu_hour: dict[str, Price] = Field(default_factory=dict)
    node_hour: dict[str, Price] = Field(default_factory=dict)
    """Where a node has a price, the prices of its GPUs do not count."""
    currency: str = ""


def with_prices(machines: Machines, price: float | None, prices: Path | None) -> Machines:
    """The same machines at other prices: an hour of one GPU (of one node, where there are no GPUs) costs `price`, or
    what the file `prices` says. Raises RequestError for what is no price, and for nodes or GPUs that are not known."""
    if price is not None and not (math.isfinite(price) and price >= 0):
        raise RequestError(f"--price {price}: no price; give a number of at least 0")
    if price is None and prices is None:
        return machines
    table = parse(PricesConfig, load_toml(prices, "prices file") if prices else {}, f"prices file {prices}")
    known = {node.kind for node in machines.nodes}
    if missing := table.node_hour.keys() - known:
        raise RequestError(
            f"prices file {prices}: node_hour.{sorted(missing)[0]}: no such nodes; there are {', '.join(sorted(known))}"
        )
    own = {gpu.name: gpu for gpu in machines.gpu_types()}
    by_type = {gpu_type(name, own).name: value for name, value in table.gpu_hour.items()}

    def of(node: Node) -> float:
        if price is not None:
            return price * (node.gpus if machines.gpus else 1)
        if node.kind in table.node_hour:
            return table.node_hour[node.kind]
        if node.gpu is not None and node.gpu.name in by_type:
            return by_type[node.gpu.name] * node.gpus
        return node.price_hour

    nodes = tuple(replace(node, price_hour=of(node)) for node in machines.nodes)
    return replace(machines, nodes=nodes, currency=table.currency or machines.currency)


_PROC_GPUS = Path("/proc/driver/nvidia/gpus")


def find_machines(recipe: Recipe, cluster: Path | None, address: str) -> Machines:
    """The machines that the command names, or those that the recipe names (`cluster.machines`), or this machine.

    Raises RequestError for a file or an address that does not describe any.
    """
    if cluster is not None and address:
        raise RequestError("--cluster and --address: one of them, not both")
    if cluster is not None:
        return load_machines(cluster)
    if address:
        return ray_machines(address)
    if recipe.cluster.machines is not None:
        return load_machines(Path(recipe.cluster.machines))
    return this_machine(recipe)


def this_machine(recipe: Recipe) -> Machines:
    """The machine that the command runs on. For a recipe that needs no GPU, a GPU of unknown type does not count.

    Raises RequestError for GPUs of unknown type, where the recipe needs GPUs.
    """
    import psutil

    # The driver's own files name the GPUs: nothing is started.
    models = []
    for path in sorted(_PROC_GPUS.glob("*/information")) if _PROC_GPUS.is_dir() else []:
        lines = path.read_text(encoding="utf-8").splitlines()
        models.append(next((line.partition(":")[2].strip() for line in lines if line.startswith("Model")), ""))
    try:
        gpus = [gpu_type(model) for model in models]
    except RequestError as error:
        if needs_gpus(recipe, model_shapes(recipe)):
            raise RequestError(f"this machine: {error}") from None
        gpus = []
    shm = shutil.disk_usage("/dev/shm").total if Path("/dev/shm").is_dir() else 0
    node = Node(
        name=THIS_MACHINE,
        kind=THIS_MACHINE,
        gpu=min(gpus, key=lambda gpu: gpu.memory_bytes, default=None),
        gpus=len(gpus),
        cpus=float(len(os.sched_getaffinity(0))),
        memory=float(psutil.virtual_memory().total),
        shm=float(shm),
        network_gbs=1.0,
        disk=float(shutil.disk_usage(".").free),
    )
    return Machines(nodes=(node,), source=THIS_MACHINE)


def ray_machines(address: str) -> Machines:
    """The nodes of a running Ray cluster; it is asked once and left as it was. Raises RequestError.

    `address`: as Ray takes it (auto, HOST:PORT, ray://HOST:PORT), or the URL of the job server (http://HOST:8265).
    """
    _refuse_silent(address)
    nodes = _nodes_by_url(address) if address.startswith(("http://", "https://")) else _nodes_by_address(address)
    return Machines(nodes=tuple(map(ray_node, nodes)), source=f"the Ray cluster at {address}")


def _nodes_by_address(address: str) -> list[dict[str, object]]:
    """The entries of `ray.nodes()` that are alive, through Ray itself."""
    send_token()
    import ray
    from ray.exceptions import AuthenticationError

    connected = ray.is_initialized()
    try:
        if not connected:
            with libraries_to(Path(os.devnull)):  # a refused client says so in a dozen lines
                ray.init(address=address, log_to_driver=False, logging_level="ERROR", namespace="chainpref")
    except AuthenticationError:
        raise RequestError(f"--address {address}: the Ray cluster let us not in; {_token_advice()}") from None
    except (ConnectionError, RuntimeError, ValueError) as error:
        # A cluster that refuses the token, or that none was sent, does not answer Ray's first question.
        advice = f"; if it asks for a token, {_token_advice()}" if "Failed to connect" in str(error) else ""
        raise RequestError(f"--address {address}: no Ray cluster answers there ({first_line(error)}){advice}") from None
    try:
        return [node for node in ray.nodes() if node.get("Alive")]
    finally:
        if not connected:
            ray.shutdown()


def _nodes_by_url(url: str) -> list[dict[str, object]]:
    """The same entries through the dashboard's API."""
    send_token()
    from ray.exceptions import AuthenticationError
    from ray.util.state import list_nodes
    from ray.util.state.exception import RayStateApiException

    try:
        found = list_nodes(address=url, detail=True)
    except AuthenticationError:
        raise RequestError(f"--address {url}: the Ray cluster let us not in; {_token_advice()}") from None
    except (RayStateApiException, OSError, RuntimeError) as error:
        raise RequestError(f"--address {url}: no list of nodes there ({first_line(error)})") from None
    return [
        {"NodeName": node.node_name, "Resources": dict(node.resources_total)} for node in found if node.state == "ALIVE"
    ]


def _token_advice() -> str:
    """What to do about a cluster's token: another one where one was sent."""
    sent = os.environ.get("RAY_AUTH_MODE") == "token"
    return f"set RAY_AUTH_TOKEN to {'its token: another one was sent' if sent else 'its token: none was sent'}"


def _refuse_silent(address: str) -> None:
    """Raise RequestError where nobody listens at HOST:PORT: Ray itself would wait for minutes."""
    host, port = urlsplit(address if "://" in address else f"//{address}").netloc.rpartition(":")[::2]
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        raise RequestError(f"--address {address}: nothing answers there ({error})") from None


def ray_node(node: dict[str, object]) -> Node:
    """A node from its entry in `ray.nodes()`. Ray does not know how fast network and storage are: modest defaults are
    taken. Raises RequestError for GPUs of unknown type."""
    resources = node["Resources"]
    assert isinstance(resources, dict)
    gpus, gpu = int(resources.get("GPU", 0)), None
    name = str(node.get("NodeName") or node.get("NodeManagerAddress"))
    labels = [key.partition(":")[2] for key in resources if key.startswith("accelerator_type:")]
    for label in sorted(labels, key=len):  # A100-80G says more than A100
        with contextlib.suppress(RequestError):
            gpu = gpu_type(label) if gpus else None
    if gpus and gpu is None:
        raise RequestError(
            f"node {name}: GPUs of type {', '.join(labels) or 'unknown'}; describe the nodes in a --cluster file"
        )
    memory = float(resources.get("memory", 0)) + float(resources.get("object_store_memory", 0))
    return Node(
        name=name,
        kind=name,
        gpu=gpu,
        gpus=gpus,
        cpus=float(resources.get("CPU", 0)),
        memory=memory,
        shm=float(resources.get("object_store_memory", 0)) or memory / 2,
        network_gbs=25 / 8,
    )
