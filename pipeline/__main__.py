"""`python -m pipeline` is `chainpref`."""

from pipeline.cli import main

main()
