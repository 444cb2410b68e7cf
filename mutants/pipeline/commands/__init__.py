"""One module for each command that reads or shows."""
