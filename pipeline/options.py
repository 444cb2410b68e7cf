"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML recipe. recipes/ holds examples.")]
Settings = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="Set section.key=value in the recipe.")]
RunPath = Annotated[Path | None, Option("--run", metavar="DIR", help="Folder of the run, in place of the recipe's.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show the output of Ray, vLLM, DeepSpeed and TRL.")]
NodesPath = Annotated[Path | None, Option(metavar="FILE", help="A TOML file of nodes; see recipes/clusters.")]
ExistingRun = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Address = Annotated[
    str, Option(metavar="URL", help="The job server, as http://HOST:8265. Default: RAY_ADDRESS, or this machine.")
]
