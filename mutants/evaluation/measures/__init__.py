"""Measures of attempts, and figures of suites. Pure."""
