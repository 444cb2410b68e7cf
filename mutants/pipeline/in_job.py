"""`python -P -m pipeline.in_job ARGUMENTS` is `chainpref ARGUMENTS` in the folder that was sent with this code.

The entry point of submitted jobs. Their files are sent as modules, which Ray unpacks once per node. A working directory
is unpacked again for every node, even under the processes of another node on the same machine.
"""

import os
from pathlib import Path

from pipeline.cli import main

if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[1])
    main()
