"""Where everything of a run lies: the one place that knows the names on disk.

All paths are relative and use "/". Those of the first half are below the run's folder; those of the second half are
below the run's store, which is the same folder or the bucket that the recipe names.
"""

RECIPE = "recipe.toml"
"""The resolved recipe. It stands in the bucket, too, where the run has one."""
LOCK = ".lock"
EVENTS = "events.jsonl"
PREDICTION = "prediction.json"
DECIDED = "decided.json"
"""What the plan decided where the recipe says `auto`."""
INVENTORY = "inventory.json"
"""What the folder held when the last command on it ended well."""
MADE_FROM = "made_from.json"
"""What an arm's model was made from, in the model's folder."""
EXPORTED_PROBE = "probe.json"
"""What an arm's ranks said of a probe's text when they published the model, in the model's folder."""
LOGS = "logs"
DRIVER_LOG = "logs/driver.log"
PAGE = "report/index.html"
METRICS = "metrics.jsonl"
"""A row for every optimizer step, below an arm's `checkpoints`."""

RECIPES = "recipes"
"""The recipes that a run has had, once it has had a second one."""
PLAN = "plan.json"
"""The first plan."""
PLANS = "plans"
"""The plans of a run that has grown: each one holds all that those before it hold."""
PROBLEMS = "problems"
TRAIN_PROBLEMS = "problems/train.jsonl"
ADDED = "problems/added-"
"""How the folders of problems begin that a run got when it grew."""
EPISODES = "episodes"
SCORES = "scores"
PARENT_SCORES = "parent_scores"
"""In a run that judges another one's episodes again: the scores of that run's arms, judged again, too."""
RELABEL = "relabel.json"
"""In such a run: whose episodes they are, and what judged them."""
ROUNDS = "rounds"
"""The plans, records and policies of arms that learn in rounds: a folder for each arm."""
PROBES = "probes"
"""What proves which model an engine serves: one file for each model and text."""
QUARANTINE = "quarantine"
SUMMARY = "report/summary.json"
DATASET_INFO = "dataset_info.json"
DATASET_STATE = "state.json"
"""The file by which `datasets.load_from_disk` knows a folder, below a student's `groups`; it is written last."""


def recipe(number: int) -> str:
    """One of the recipes that the run has had; the first one is number 0."""
    return f"{RECIPES}/{number:06d}.toml"


def plan(number: int) -> str:
    """A later plan; they count from 1."""
    return f"{PLANS}/{number:06d}.json"


def model(name: str) -> str:
    """The folder of `teacher`, `base` or an arm."""
    return f"models/{name}"


def checkpoints(arm: str) -> str:
    return f"checkpoints/{arm}"


def arm_groups(arm: str) -> str:
    """The names of the group units that an arm is trained on: those that counted when it began."""
    return f"{checkpoints(arm)}/groups.json"


def training_log(arm: str) -> str:
    return f"{LOGS}/train-{arm}.log"


def round_name(number: int) -> str:
    """Rounds of an arm count from 0."""
    return f"r{number:03d}"


def round_plan(arm: str) -> str:
    """What an arm's rounds attempt; it is written when the arm begins."""
    return f"{ROUNDS}/{arm}/plan.json"


def round_record(arm: str, number: int) -> str:
    """What came of a round; it is written when the round has ended."""
    return f"{ROUNDS}/{arm}/{round_name(number)}.json"


def round_model(arm: str, number: int) -> str:
    """The folder of the policy that a round made."""
    return f"{ROUNDS}/{arm}/{round_name(number)}"


def round_episodes(arm: str, number: int) -> str:
    """The ledger of the episodes that an arm's policy wrote in a round."""
    return f"{EPISODES}/{arm}/{round_name(number)}"


def round_helped(arm: str, number: int) -> str:
    """The ledger of the episodes that it wrote in a round with help, or went on with after turns of the teacher."""
    return f"{round_episodes(arm, number)}/helped"


def round_groups(student: str, arm: str, number: int) -> str:
    """The ledger of the groups of a round's episodes."""
    return f"{groups(student)}/{arm}/{round_name(number)}"


def round_checkpoints(arm: str, number: int) -> str:
    return f"{checkpoints(arm)}/{round_name(number)}"


def sweep_run(name: str) -> str:
    """The folder of one run, below the folder of its sweep."""
    return f"runs/{name}"


def probe(model: str, digest: str) -> str:
    """`digest`: of the model's revision and of the text that it is asked."""
    return f"{PROBES}/{model}-{digest[:16]}.json"


def train_problems(added: str = "") -> str:
    """The problems that the teacher attempts; those that were `added` when the run grew lie in a file of their own."""
    return f"{ADDED}{added}/train.jsonl" if added else TRAIN_PROBLEMS


def suite_problems(suite: str, added: str = "") -> str:
    """The problems of a suite, like `train_problems`."""
    return f"{ADDED}{added}/suites/{suite}.jsonl" if added else f"{PROBLEMS}/suites/{suite}.jsonl"


def groups(student: str) -> str:
    """The ledger of a student's preference groups."""
    return f"groups/{student}"


def reference(student: str) -> str:
    """The ledger of log-probabilities of a student's chains; its entries are addressed by model and content."""
    return f"reference/{student}"


def targets(student: str) -> str:
    """The ledger of what teachers say at the tokens of a student's chains; its units are addressed by content."""
    return f"targets/{student}"


def quarantined(unit: str, digest: str) -> str:
    """Rows of a unit that could not be stored. `digest` is a hash of them, so that another attempt's lie beside."""
    return f"{QUARANTINE}/{unit}-{digest[:12]}.jsonl"


def digest_in_quarantine(path: str) -> str:
    """The digits of the rows' hash that a path made by `quarantined` holds."""
    return path.removesuffix(".jsonl").rpartition("-")[2]


def unit_in_quarantine(path: str) -> str:
    """The unit that a path made by `quarantined` belongs to."""
    return path.removeprefix(f"{QUARANTINE}/").rpartition("-")[0]
