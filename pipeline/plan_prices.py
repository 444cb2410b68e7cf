"""What machines cost: a price for each GPU or node from the command line, or a file of prices."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError
from cluster.planner.machines import Machines, Node, gpu_type

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PricesConfig(Section):
    """A prices file: an hour of a GPU by its type, of a node by its kind."""

    gpu_hour: dict[str, Price] = Field(default_factory=dict)
    node_hour: dict[str, Price] = Field(default_factory=dict)
    """Goes before the price of the node's GPUs."""
    currency: str = ""


def with_prices(machines: Machines, price: float | None, prices: Path | None) -> Machines:
    """The same machines at other prices: `price` an hour of one GPU (of one node, where there are no GPUs), else as
    the file `prices` says. Raises RequestError for what is no price, and for nodes or GPUs that nobody knows."""
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
