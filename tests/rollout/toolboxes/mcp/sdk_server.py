"""An MCP server written with the official SDK: a kitchen, whose tools take and give what schemas can say.

`python sdk_server.py` speaks over its pipes, `python sdk_server.py PORT` at that port of this machine.
"""

import asyncio
import sys
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

server = MCPServer("kitchen", version="3")
READS = ToolAnnotations(read_only_hint=True)
PANTRY: dict[str, int] = {}


class Boiled(BaseModel):
    how: Literal["boiled"]
    minutes: int = Field(ge=1, le=60)


class Fried(BaseModel):
    how: Literal["fried"]
    fat: Literal["butter", "oil"]


class Part(BaseModel):
    name: str
    pieces: int = Field(1, ge=1)
    done: Annotated[Boiled | Fried, Field(discriminator="how")] | None = None


class Dish(BaseModel):
    name: str
    parts: list[Part] = Field(min_length=1)


class Served(BaseModel):
    name: str
    pieces: int


@server.tool()
def cook(dish: Dish, table: int = 1) -> Served:
    """Cook a dish of parts, each boiled or fried or neither."""
    for part in dish.parts:
        if PANTRY.get(part.name, 0) < part.pieces:
            raise ToolError(f"there are {PANTRY.get(part.name, 0)} of {part.name}")
        PANTRY[part.name] -= part.pieces
    return Served(name=dish.name, pieces=sum(part.pieces for part in dish.parts))


@server.tool(annotations=READS)
def look(names: list[str]) -> list[int]:
    """How many there are of each."""
    return [PANTRY.get(name, 0) for name in names]


@server.tool(annotations=READS)
def photograph() -> Image:
    """A picture of the pantry."""
    return Image(data=b"\x89PNG of a pantry", format="png")


@server.tool()
async def bake(name: str) -> str:
    """Bake one, which takes a while."""
    await asyncio.sleep(1.5)
    PANTRY[name] = PANTRY.get(name, 0) + 1
    return "baked"


@server.tool()
def stock(pantry: dict[str, int]) -> str:
    """Set the state."""
    PANTRY.clear()
    PANTRY.update(pantry)
    return "stocked"


@server.tool(annotations=READS)
def inventory() -> dict[str, Any]:
    """Say the state."""
    return {"pantry": PANTRY}


if __name__ == "__main__":
    if sys.argv[1:]:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
