"""A reward of one's own: `function = { name = "docs.examples.brief_reward:few_steps", weight = 0.1 }`."""

from rollout.records import Episode


def few_steps(episode: Episode) -> float:
    """1 for an episode of one step, 1/2 for one of two, and so on."""
    return 1 / len(episode.steps)
