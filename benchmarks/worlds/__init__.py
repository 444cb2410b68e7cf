"""Worlds of other people's packages through our loop, held to the packages' own verdicts, and what a call costs."""
