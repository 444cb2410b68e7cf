"""One seed for all fault injection: CHAINPREF_FAULT_SEED repeats a run; printed, so that a failure can be repeated."""

import os
import random


def seeded(default: int | None = None) -> random.Random:
    """A generator with the seed of the environment, else `default`, else a fresh one. Prints which."""
    seed = int(os.environ.get("CHAINPREF_FAULT_SEED", random.randrange(2**32) if default is None else default))
    print(f"CHAINPREF_FAULT_SEED={seed}")  # noqa: T201
    return random.Random(seed)
