"""One attempt at a problem: the loop, executed calls, the check of the answer, error codes."""
