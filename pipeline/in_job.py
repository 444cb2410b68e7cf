"""`python -P -m pipeline.in_job ARGUMENTS` is `chainpref ARGUMENTS` in the folder that was sent along with this code.

The entry point of submitted jobs. Ray unpacks what is sent as modules once a node and leaves it in place; a working
directory it unpacks anew for every node, also under those that share a machine and work in it already.
"""

import os
from pathlib import Path

from pipeline.cli import main

if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[1])
    main()
