"""The command group `chainpref k8s`. Each command imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from pipeline.options import NodesPath, RecipePath, Settings
from pipeline.terminal import terminal

k8s_app = typer.Typer(help="Render manifests for Kubernetes.")


@k8s_app.command("render")
def k8s_render(
    recipe: RecipePath,
    out: Annotated[Path, Option(metavar="DIR", help="Folder to write. It must be absent or empty.")],
    cluster: NodesPath = None,
    overlay: Annotated[
        list[str], Option(metavar="NAME", help="Add interactive, keep-failed, kueue or monitoring. Repeatable.")
    ] = [],  # noqa: B006
    image: Annotated[str, Option(help="Image with tag or digest. Default: as k8s/image/build names it.")] = "",
    namespace: Annotated[str, Option(help="Kubernetes namespace of all objects.")] = "chainpref",
    storage_class: Annotated[str, Option(help="Storage class of the claim. Default: the cluster's own.")] = "",
    settings: Settings = [],  # noqa: B006
) -> None:
    """Render the manifests of a run, sized by its plan.

    Apply them with `kubectl apply -k DIR`.
    """
    from pipeline.k8s.render import render_planned
    from pipeline.k8s.request import Rendering

    wanted = Rendering(out=out, image=image, namespace=namespace, overlays=overlay, storage_class=storage_class)
    render_planned(recipe, settings, cluster, wanted, terminal())
