"""Recorded log-probabilities of a finished run against its published models: were the scores made by what they name?

    python -m benchmarks.logprobs RUN --json FILE

For every model, episodes that it sampled while it was scored are computed again by transformers from the files in
RUN/models, in float32, token by token. `largest` is the largest difference from what the engine recorded, in nats. As
a control every model's episodes are also computed with the *other* models: `nearest_other` is the smallest of their
largest differences, which has to be far larger, or the comparison could not have failed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import Episode, Score


def sampled_episodes(run: Path, most: int) -> dict[str, list[Episode]]:
    """Model -> up to `most` of its sampled (not greedy) scored episodes with at least one step, in stored order."""
    found: dict[str, list[Episode]] = {}
    for score in read_rows(Score, Ledger(open_store(str(run)), layout.SCORES)):
        episodes = found.setdefault(score.model, [])
        if not score.greedy and score.episode.steps and len(episodes) < most:
            episodes.append(score.episode)
    return found


def recorded(episode: Episode) -> tuple[list[int], list[int], list[float]]:
    """All token ids of a conversation, the positions of those that the model wrote, and their recorded values."""
    ids, positions, logprobs = list(episode.prompt_ids), list[int](), list[float]()
    for step in episode.steps:
        positions += range(len(ids), len(ids) + len(step.token_ids))
        logprobs += step.logprobs
        ids += [*step.token_ids, *step.feedback_ids]
    return ids, positions, logprobs


def differences(model: Any, episodes: Sequence[Episode]) -> Iterator[float]:
    """For every token that an episode's model wrote: |recorded - the model's own|, in nats."""
    import torch

    for episode in episodes:
        ids, positions, logprobs = recorded(episode)
        with torch.no_grad():
            own = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        written = torch.tensor(positions)
        values = own[written - 1, torch.tensor(ids)[written]]
        yield from (values - torch.tensor(logprobs)).abs().tolist()


def measure(run: Path, most: int) -> dict[str, Any]:
    """By model: how many episodes and tokens were compared, the largest and the mean difference, and the control's."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    episodes = sampled_episodes(run, most)
    folders = {name: run / layout.model(name) for name in episodes}
    models = {
        name: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        for name, folder in folders.items()
    }
    found = {}
    for name, asked in episodes.items():
        own = list(differences(models[name], asked))
        others = [max(differences(model, asked)) for other, model in models.items() if other != name]
        found[name] = {
            "episodes": len(asked),
            "tokens": len(own),
            "largest": max(own),
            "mean": sum(own) / len(own),
            "nearest_other": min(others, default=None),
        }
    return found


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logprobs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--episodes", type=int, default=30, help="of each model, at most")
    options = parser.parse_args(arguments)
    report = {
        "command": " ".join(("python -m benchmarks.logprobs", *arguments)),
        "models": measure(options.run, options.episodes),
    }
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    print(options.json.read_text(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
