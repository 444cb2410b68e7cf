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
    image_pull_secret: Annotated[
        list[str], Option(metavar="NAME", help="Secret that nodes pull the image with. Repeatable.")
    ] = [],  # noqa: B006
    user: Annotated[str, Option(metavar="UID:GID", help="User that pods run as. Default: 1000:1000.")] = "",
    rdma: Annotated[
        list[str], Option(metavar="RESOURCE=COUNT", help="Network devices of each pod with GPUs. Repeatable.")
    ] = [],  # noqa: B006
    file: Annotated[
        list[str], Option(metavar="PATH", help="Load this file or folder, too, onto the claim. Repeatable.")
    ] = [],  # noqa: B006
    settings: Settings = [],  # noqa: B006
) -> None:
    """Render the manifests of a run, sized by its plan.

    Apply them with `kubectl apply -k DIR`.
    """
    from pipeline.k8s.render import render_planned
    from pipeline.k8s.request import Rendering

    wanted = Rendering(
        out=out,
        image=image,
        namespace=namespace,
        overlays=overlay,
        storage_class=storage_class,
        pull_secrets=image_pull_secret,
        user=user,
        rdma=rdma,
        files=file,
    )
    render_planned(recipe, settings, cluster, wanted, terminal())
