"""`python -m pipeline` is `chainpref`."""

from pipeline.cli import main

# Guarded, because processes that a stage spawns import this module again.
if __name__ == "__main__":
    main()
