"""An MCP server with a world: the orders of a shop. `python docs/examples/orders_server.py` speaks over its pipes.

Models call `find_orders`, `change_count` and `cancel`; `load` and `dump` set the world and say what it is.
"""

from typing import Any, Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from typing_extensions import TypedDict

server = MCPServer("orders", version="1")
READS = ToolAnnotations(read_only_hint=True)


class Order(TypedDict):
    """What is kept of an order."""

    item: str
    count: int
    status: str


ORDERS: dict[str, Order] = {}


def _open(order: str) -> Order:
    if order not in ORDERS:
        raise ToolError(f"there is no order {order}; find_orders says which there are")
    if ORDERS[order]["status"] != "open":
        raise ToolError(f"order {order} is {ORDERS[order]['status']} already")
    return ORDERS[order]


@server.tool(annotations=READS)
def find_orders(item: str) -> list[str]:
    """Find the numbers of the orders of an item, by its name."""
    return [number for number, order in ORDERS.items() if order["item"] == item.lower()]


@server.tool()
def change_count(order: str, count: int) -> Order:
    """Change how many pieces an order is for. The order is named by its number, such as A17."""
    if count < 1:
        raise ToolError("an order is for one piece at least; cancel it instead")
    found = _open(order)
    found["count"] = count
    return found


@server.tool()
def cancel(order: str, reason: Literal["too late", "wrong item", "not needed"]) -> str:
    """Cancel an order, named by its number, and say why."""
    _open(order)["status"] = f"cancelled: {reason}"
    return f"order {order} is cancelled"


@server.tool()
def load(orders: dict[str, Order]) -> str:
    """Set the world."""
    ORDERS.clear()
    ORDERS.update(orders)
    return f"{len(ORDERS)} orders"


@server.tool(annotations=READS)
def dump() -> dict[str, Any]:
    """Say what the world is."""
    return {"orders": ORDERS}


if __name__ == "__main__":
    server.run()
