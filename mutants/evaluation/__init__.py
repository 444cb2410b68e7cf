"""Checkpoints to a report: suites, metrics, statistics, scores."""
