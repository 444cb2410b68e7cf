"""What `report/summary.json` holds, as types. Light: neither scipy nor matplotlib.

Shares and accuracies are between 0 and 1, intervals are (low, high), and what nothing was counted for is None.
"""

from collections import Counter
from typing import Literal

import msgspec

from evaluation.measures.metrics import Metrics

SUMMARY_VERSION = 3
"""The format of summary.json. Format 1 has no version and no tones of findings, and says `waived` for `skipped`; 1 and
2 have neither corrected intervals nor tests of non-inferiority."""

Range = tuple[float, float]

Tone = Literal["gain", "loss", "chance", "plain"]
"""How a finding is coloured: a significant gain or loss, a difference that chance may explain, or none of these."""


class Finding(msgspec.Struct, frozen=True):
    """One sentence for people, and how it is coloured."""

    text: str
    tone: Tone = "plain"


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy on some of a suite's problems: those of one difficulty, say. `n` is their number."""

    n: int
    accuracy: float | None
    ci: Range | None


class SubtaskFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The mean of a subtask's own score over problems; `family` is a key of `SUBTASKS`."""

    family: str
    score: float | None
    ci: Range


class SuiteFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One arm on one suite. What stands from `attempts` on is over sampled attempts, or greedy ones without any."""

    n: int
    """Problems with a counted greedy attempt."""
    problems: int
    samples: int
    """Counted sampled attempts."""
    infrastructure: int
    """Attempts that failed for reasons of machines; they are in no rate."""
    user: int = 0
    """Attempts in which the model that plays the user failed; they are in no rate either. Summaries of versions before
    this count have them in `infrastructure`."""
    truncated: int
    accuracy: float | None
    """Greedy."""
    ci: Range | None
    sampled_accuracy: float | None
    sampled_ci: Range | None
    basis: Literal["sampled", "greedy"]
    attempts: int
    errors: dict[str, int]
    """Error code of episodes -> count, the commonest first; likewise `step_errors` and `forms` (of replies)."""
    step_errors: dict[str, int]
    steps: int
    metrics: Metrics
    forms: dict[str, int]
    subtask: SubtaskFigures | None
    """None where the suite is of no subtask."""
    by_difficulty: dict[str, Slice]
    by_solution_length: dict[str, Slice]


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What answered for an arm: every scored attempt names it."""

    revisions: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    probe_difference: float | None = None
    """The largest difference of these engines from the model's probe, in mean nats a token; None where an attempt has
    none, as those of scripted engines and of older runs."""


class ArmFigures(msgspec.Struct, frozen=True):
    """One arm: suite -> its figures."""

    suites: dict[str, SuiteFigures]
    served: Served = Served()


class NonInferiority(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a is shown to be less than `margin` worse than b: whether it matches b to within that margin."""

    margin: float
    p: float
    """One-sided, of "a is worse by the margin or more"."""
    p_adjusted: float
    """Twice p, corrected together with the two-sided p-values of the comparisons."""
    shown: bool
    """After correction."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two arms on the problems of a suite that both have. Differences are accuracies of a - b.

    The first figures are of sampled attempts, or of greedy ones where none were sampled; `measure` says which.
    """

    a: str
    b: str
    suite: str
    measure: Literal["sampled accuracy", "greedy accuracy"]
    test: str
    n: int
    """Problems."""
    difference: float
    ci: Range
    p: float
    wilcoxon_p: float | None
    minimum_detectable: float | None
    """The true difference that the corrected test finds 4 times in 5; None where it cannot be said."""
    better: int
    """Problems where a is better; `worse` where b is."""
    worse: int
    greedy_n: int
    greedy_difference: float | None
    greedy_ci: Range | None
    greedy_p: float | None
    greedy_gained: int | None
    greedy_lost: int | None
    p_adjusted: float
    greedy_p_adjusted: float | None
    significant: bool
    """The corrected p is small enough, and the corrected interval is clear of zero."""
    greedy_significant: bool
    level: float | None = None
    """The level that the correction left to this comparison. None, as what follows, in summaries of older formats."""
    corrected_ci: Range | None = None
    """The interval at the confidence 1 - level, beside `ci`, which stands for itself alone."""
    greedy_corrected_ci: Range | None = None
    non_inferiority: NonInferiority | None = None
    """Of an arm to the teacher."""

    @property
    def interval(self) -> Range:
        """The interval that goes with the verdict."""
        return self.corrected_ci or self.ci


class TrainingFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm was trained on, as its trainer counted it. None where an older version trained it."""

    start: str
    """The model that training started from."""
    steps: int
    seconds: float
    """Of all its sessions, with its part of what several arms did together; of one that was killed without a word
    nothing is known."""
    chains: float | None
    """Chains trained on, each as often as it came."""
    passes: float | None
    """These over the chains of the arm's data: how often it saw each of them on average."""
    tokens: float | None
    own_tokens: float = 0.0
    """Tokens that its own policies wrote in rounds."""
    from_teacher: bool = True
    """Whether it learnt from the teacher's stored chains; in rounds an arm learns from its own, or from both."""


class RoundFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a round of an arm that learns in rounds."""

    arm: str
    number: int
    """They count from 0."""
    attempts: int
    """Of one policy, without those that a machine failed, and without those with help."""
    right: int
    helped_attempts: int = 0
    """Attempts with help, or begun by the teacher."""
    helped_right: int = 0
    taken: int = 0
    """Right attempts with help that the groups hold."""
    left_out: dict[str, int] = {}
    """Why -> right attempts with help that they do not hold."""
    groups: int
    """Groups with right and wrong chains."""
    steps: int
    age: int = 0
    """Updates that this policy was older than the one that learnt from the attempts."""
    logp_difference: float | None = None
    """Nats a token between trainer and sampler under this policy; None from arms that do not learn by their ratio."""
    drift: float | None = None
    """Nats a token between the policy that learnt and the sampler's, where that was an older one."""
    probe_difference: float | None = None
    """The largest difference of its engines from the policy's probe, in mean nats a token; None of scripted ones."""
    hosts_idle: float | None = None
    """Share of the round's time in which the student's hosts had no attempts to make, for all arms that went through it
    together. None from older versions."""
    ranks_idle: float | None = None
    """Share in which the ranks trained no step."""
    rewards: dict[str, float] = {}
    """`label` or a rule of the arm's rewards -> mean of what it gave."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a point that an arm gained over the baseline on a suite cost. The bounds follow from those of the gain.

    None where no gain is shown, or where what it cost was not counted.
    """

    arm: str
    suite: str
    teacher_tokens: float | None
    """Tokens that the teacher wrote in all rollouts, a point."""
    teacher_tokens_ci: Range | None
    seconds: float | None
    """Of rollouts, groups and reference, where the arm or what it starts from learnt from them, and of the training of
    both, a point."""
    seconds_ci: Range | None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the figures were made: the recipe's section `evaluation`, the correction, the number of scored attempts."""

    split: str
    samples: int
    temperature: float
    confidence: float
    permutations: int
    seed: int
    baseline: str
    correction: str
    scores: int
    non_inferiority_margin: float | None = None


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that the plan predicted, and what the run then took; None where it is not known."""

    what: str
    unit: str
    predicted: float | None
    measured: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run's report says. `data` counts episodes and groups, `seconds` are by stage."""

    arms: dict[str, ArmFigures]
    """The baseline first, then the teacher."""
    bfcl: dict[str, dict[str, Slice]] = {}
    """Arm, or `ARM, whole` -> column of BFCL -> greedy accuracy: of categories that are suites, and their averages."""
    by_functions: dict[str, dict[str, dict[str, Slice]]]
    """Family -> arm -> number of functions offered -> accuracy."""
    comparisons: tuple[Comparison, ...]
    data: dict[str, int]
    seconds: dict[str, float]
    versions: dict[str, str]
    evaluation: Settings
    answer: Finding = Finding("")
    """The sentence that answers the question of the run."""
    findings: tuple[Finding, ...] = ()
    prediction: tuple[Measured, ...] = ()
    training: dict[str, TrainingFigures] = {}
    costs: tuple[Cost, ...] = ()
    rounds: tuple[RoundFigures, ...] = ()
    recipes: tuple[str, ...] = ()
    """What changed when, where the run has gone on under other recipes than its first one."""
    inputs: str = ""
    """A hash of what it sums up; a run that has more, or another section `evaluation`, gets a new one."""
    schema_version: int = SUMMARY_VERSION

    @property
    def suites(self) -> list[str]:
        """The suites that any arm was scored on, sorted."""
        return sorted({suite for arm in self.arms.values() for suite in arm.suites})

    @property
    def stale_shares(self) -> dict[str, float]:
        """Arm -> share of its rounds' attempts that an older policy made than the one that learnt from them; of arms
        with such attempts."""
        every, stale = Counter[str](), Counter[str]()
        for one in self.rounds:
            every[one.arm] += one.attempts
            stale[one.arm] += one.attempts if one.age else 0
        return {arm: count / every[arm] for arm, count in stale.items() if count}

    def on(self, suite: str) -> dict[str, SuiteFigures]:
        """Arm -> its figures on a suite, for the arms that were scored on it."""
        return {name: arm.suites[suite] for name, arm in self.arms.items() if suite in arm.suites}

    def against(self, suite: str, b: str) -> dict[str, Comparison]:
        """Arm -> its comparison with `b` on a suite."""
        return {row.a: row for row in self.comparisons if (row.suite, row.b) == (suite, b)}


def percent(share: float | None) -> str:
    """A share as text: 81.2 %."""
    return "—" if share is None else f"{100 * share:.1f}\u00a0%"


def points(difference: float) -> str:
    """A difference of shares as text: +26.2 points."""
    return f"{signed(difference)} points"


def signed(difference: float) -> str:
    """A difference of shares in points, with a real minus sign: −3.1."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def between(ci: Range) -> str:
    """An interval of a difference as text: −3.1 to +0.4."""
    return f"{signed(ci[0])} to {signed(ci[1])}"


def p_text(p: float | None) -> str:
    """p as people write it; a dash for None."""
    return "—" if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
