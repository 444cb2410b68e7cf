"""An example of every command, with which its `--help` ends. A test parses each of them."""

import typer

EXAMPLES = {
    "try": "chainpref try docs/examples/garden.py --problems docs/examples/garden.csv --text question --calls calls",
    "problems": "chainpref problems recipes/local.toml --check",
    "plan": "chainpref plan recipes/regenerate.toml --cluster recipes/clusters/two-nodes-8xh100.toml",
    "run": "chainpref run recipes/local.toml --set run.name=mine --set arms.dpo.beta=0.3",
    "models": "chainpref models recipes/local.toml",
    "rollout": "chainpref rollout recipes/local.toml",
    "groups": "chainpref groups recipes/local.toml",
    "reference": "chainpref reference recipes/local.toml",
    "train": "chainpref train recipes/local.toml --set training.ranks=1",
    "evaluate": "chainpref evaluate recipes/local.toml",
    "report": "chainpref report recipes/local.toml",
    "status": "chainpref status runs/local",
    "verify": "chainpref verify runs/local",
    "relabel": "chainpref relabel runs/local --out runs/again",
    "inspect": "chainpref inspect runs/local rollouts --outcome wrong --limit 2",
    "diff": "chainpref diff runs/local runs/again",
    "export": "chainpref export runs/local --format trl --out pairs.jsonl",
    "sweep": "chainpref sweep recipes/ablations-local.toml --from runs/local",
    "submit": "chainpref submit recipes/local.toml --address http://HEAD:8265 --run /shared/runs/mine",
    "doctor": "chainpref doctor",
    "jobs list": "chainpref jobs list --address http://HEAD:8265",
    "jobs status": "chainpref jobs status chainpref-mine-0123456789ab --address http://HEAD:8265",
    "jobs logs": "chainpref jobs logs chainpref-mine-0123456789ab --address http://HEAD:8265 --follow",
    "jobs stop": "chainpref jobs stop chainpref-mine-0123456789ab --address http://HEAD:8265",
    "k8s render": "chainpref k8s render recipes/local.toml --out job",
}


def add_examples(app: typer.Typer, group: str = "") -> None:
    """End the help of each command of `app`, and of its groups, with its example, whose lines stay as they are."""
    for command in app.registered_commands:
        name = f"{group}{command.name or getattr(command.callback, '__name__', '')}"
        if name in EXAMPLES:
            command.epilog = f"\b\nExample:\n  {EXAMPLES[name]}"
    for inner in app.registered_groups:
        if inner.typer_instance is not None and inner.name:
            add_examples(inner.typer_instance, f"{inner.name} ")
