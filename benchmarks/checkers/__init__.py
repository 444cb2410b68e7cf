"""How often checkers are wrong, beside math-verify: `python -m benchmarks.checkers`."""
