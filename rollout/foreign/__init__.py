"""Other people's packages, of requirements/real.lock: what is asked of them runs in workers.

A module in `workers/` is a toolbox like a user's: a process imports it, and the package with it, and then gives up
reading and writing anything else. `asking.py` asks it; the other modules say what is asked, and import no package.
"""
