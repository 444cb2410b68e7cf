"""Attempts of a user's function to reach what it may not: `python -m benchmarks.attacks`."""
