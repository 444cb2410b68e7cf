"""The verdict on mutants: what counts as killed, that reasons are checked, and that too little is a fault."""

from pathlib import Path

import pytest

from benchmarks.mutants.__main__ import draw, function_of
from benchmarks.mutants.judging import Change, Mutant, change_of, module_of, read_judged, verdict
from tests.repository import ROOT

DIFF = """\
--- training/chains.py
+++ training/chains.py
@@ -3,3 +3,3 @@
     def f(self):
-        return self.n + 1
+        return self.n - 1
"""


def change(number: int) -> Change:
    return Change(f"training.chains.f{number}", "a", "b")


def mutants(killed: int, survived: int = 0, timeout: int = 0, unreached: int = 0) -> list[Mutant]:
    statuses = ["killed"] * killed + ["survived"] * survived + ["timeout"] * timeout + ["no tests"] * unreached
    return [Mutant(change(number), status) for number, status in enumerate(statuses)]


def test_a_change_is_the_lines_of_a_diff_wherever_they_stand() -> None:
    found = change_of("training.chains.C.f", DIFF)
    assert found == ("training.chains.C.f", "return self.n + 1", "return self.n - 1")
    assert change_of("training.chains.C.f", DIFF.replace("@@ -3,3 +3,3 @@", "@@ -90,3 +90,3 @@")) == found


def test_mutants_without_a_test_are_survivors_and_those_without_an_end_are_killed() -> None:
    found = verdict(mutants(1500, survived=60, timeout=30, unreached=10), {})
    assert (found["mutants"], found["killed"], found["killed_by_timeout"]) == (1600, 1530, 30)
    assert (found["survived"], found["survived_without_a_test"], found["equivalent"]) == (70, 10, 0)
    assert [one["status"] for one in found["survivors"]] == ["survived"] * 60 + ["no tests"] * 10
    assert found["share_killed"] == pytest.approx(1530 / 1600, abs=1e-4)
    assert found["faults"] == []
    assert found["by_module"] == {"training.chains": {"mutants": 1600, "killed": 1530, "equivalent": 0}}


def test_equivalent_mutants_are_taken_out_of_the_share_that_must_be_killed() -> None:
    made = mutants(1500, survived=100)
    judged = {mutant.change: "no matter" for mutant in made[1500:1580]}
    found = verdict(made, judged)
    assert (found["equivalent"], found["survived"]) == (80, 20)
    assert found["share_killed"] == pytest.approx(1500 / 1520, abs=1e-4)
    assert found["share_equivalent"] == pytest.approx(0.05)
    assert found["judged_equivalent"][0]["reason"] == "no matter"
    assert found["faults"] == []


def test_too_few_killed_too_many_judged_and_too_few_in_all_are_faults() -> None:
    (few,) = verdict(mutants(1400), {})["faults"]
    assert few == "1400 mutants, of at least 1500"
    (weak,) = verdict(mutants(1430, survived=170), {})["faults"]
    assert weak == "89.4% killed, of at least 90%"
    made = mutants(1460, survived=140)
    (judged,) = verdict(made, {mutant.change: "r" for mutant in made[1460:]})["faults"]
    assert judged == "8.8% judged equivalent, of at most 8%"


def test_a_mutant_that_is_judged_equivalent_and_killed_is_a_fault() -> None:
    made = mutants(1600)
    (fault,) = verdict(made, {made[7].change: "said to be the same"})["faults"]
    assert fault == "training.chains.f7: judged equivalent, and a test fails for 'b'"
    assert verdict(made, {change(9999): "not drawn"})["faults"] == []


def test_every_entry_has_a_reason_and_stands_once(tmp_path: Path) -> None:
    entry = '[[mutant]]\nfunction = "m.f"\nbefore = "a"\nafter = "b"\nreason = "{}"\n'
    for text in (entry.format("why") * 2, entry.format(" ")):
        (tmp_path / "equivalent.toml").write_text(text)
        with pytest.raises(ValueError, match="stands twice or without a reason"):
            read_judged(tmp_path / "equivalent.toml")


def test_every_entry_is_of_code_that_is_there() -> None:
    """An entry whose function or whose lines are gone judges nothing any more."""
    gone = []
    for one in read_judged():
        path = ROOT / (module_of(one.function).replace(".", "/") + ".py")
        lines = {line.strip() for line in path.read_text().splitlines()} if path.is_file() else set()
        gone += [(one.function, line) for line in one.before.splitlines() if line not in lines]
    assert gone == []


def test_names_of_mutants_name_their_functions() -> None:
    assert function_of("training.chains.x__of_pairs__mutmut_3") == "training.chains._of_pairs"
    method = "cluster.pool.routing.xǁRouterǁassign__mutmut_12"
    assert function_of(method) == "cluster.pool.routing.Router.assign"
    assert module_of(function_of(method)) == "cluster.pool.routing"


def test_a_seed_draws_the_same_mutants_and_each_may_be_drawn() -> None:
    names = {f"m.x_f__mutmut_{number}": "m.py" for number in range(200)}
    assert draw(names, 1, 50) == draw(names, 1, 50) != draw(names, 2, 50)
    assert len(set(draw(names, 1, 50))) == 50
    assert draw(names, 1, 0) == draw(names, 1, 500) == list(names)
    assert {name for seed in range(60) for name in draw(names, seed, 20)} == set(names)
