"""One attempt at a problem: the loop, the execution of calls, the check of the answer, the error codes."""
