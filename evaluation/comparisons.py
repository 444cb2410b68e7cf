"""Pairs of arms compared on the problems that both have, and all tests of a run corrected together."""

from collections.abc import Sequence
from itertools import combinations

from evaluation.certainty.correction import enough_permutations, minimum_detectable
from evaluation.certainty.statistics import Paired, generator, paired_greedy, paired_sampled
from evaluation.certainty.verdicts import TEACHER, Verdicts
from evaluation.config import EvaluationConfig
from evaluation.figures import Comparison
from evaluation.measures.attempts import problem_rates
from evaluation.measures.functions import Cells

MOST_PAIRED = 12
"""Up to so many arms every pair is compared; with more, each arm is compared with the baseline alone."""

_Key = tuple[str, str, str]
"""(a, b, suite)."""


def compare_arms(
    cells: Cells, arms: Sequence[str], suites: Sequence[str], config: EvaluationConfig
) -> tuple[Comparison, ...]:
    """Every pair of arms on every suite that both have; `b` is the one that stands first in `arms`.

    The main tests and the tests of non-inferiority to the teacher are corrected as one family, the greedy tests as
    another. What is called significant has a corrected p below 1 - confidence, and an interval at the level that the
    correction left it which is clear of zero.
    """
    greedy = {cell: problem_rates(one for one in attempts if one.greedy) for cell, attempts in cells.items()}
    sampled = {cell: problem_rates(one for one in attempts if not one.greedy) for cell, attempts in cells.items()}
    wanted = [
        (a, b, suite)
        for suite in suites
        for b, a in combinations(arms, 2)
        if (len(arms) <= MOST_PAIRED or b == arms[0])
        if (a, suite) in cells and (b, suite) in cells
    ]
    config = enough_permutations(config, 2 * len(wanted))
    of_greedy: dict[_Key, Paired] = {}
    main: dict[_Key, Paired] = {}
    measured: dict[_Key, bool] = {}
    for a, b, suite in wanted:
        rng = generator(config.seed, "comparison", a, b, suite)
        if found := paired_greedy(greedy[a, suite], greedy[b, suite]):
            of_greedy[a, b, suite] = found
        of_sampled = paired_sampled(sampled[a, suite], sampled[b, suite], config, rng)
        if first := of_sampled or found:
            main[a, b, suite], measured[a, b, suite] = first, of_sampled is not None
    matching = {key: found for key, found in main.items() if key[1] == TEACHER and key[0] != config.baseline}
    verdicts, greedy_verdicts = Verdicts(main, matching, config), Verdicts(of_greedy, {}, config)
    return tuple(
        _comparison(
            key, main[key], verdicts, measured[key], of_greedy.get(key), greedy_verdicts, confidence=config.confidence
        )
        for key in main
    )


def _comparison(
    key: _Key,
    main: Paired,
    verdicts: Verdicts[_Key],
    sampled: bool,
    greedy: Paired | None,
    greedy_verdicts: Verdicts[_Key],
    *,
    confidence: float,
) -> Comparison:
    a, b, suite = key
    level = verdicts.level[key]
    return Comparison(
        a=a,
        b=b,
        suite=suite,
        measure="sampled accuracy" if sampled else "greedy accuracy",
        test="sign-flip permutation" if sampled else "McNemar exact",
        n=main.n,
        difference=main.difference,
        ci=main.interval(confidence),
        level=level,
        corrected_ci=verdicts.interval[key],
        p=main.p,
        wilcoxon_p=main.wilcoxon_p,
        minimum_detectable=minimum_detectable(main.differences, level),
        better=main.better,
        worse=main.worse,
        greedy_n=greedy.n if greedy else 0,
        greedy_difference=greedy and greedy.difference,
        greedy_ci=greedy and greedy.interval(confidence),
        greedy_corrected_ci=greedy and greedy_verdicts.interval[key],
        greedy_p=greedy and greedy.p,
        greedy_gained=greedy and greedy.better,
        greedy_lost=greedy and greedy.worse,
        p_adjusted=verdicts.p_adjusted[key],
        greedy_p_adjusted=greedy and greedy_verdicts.p_adjusted[key],
        significant=verdicts.significant[key],
        greedy_significant=greedy is not None and greedy_verdicts.significant[key],
        non_inferiority=verdicts.matches.get(key),
    )
