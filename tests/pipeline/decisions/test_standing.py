"""Whether ranks stand beside the student's hosts between rounds. No Ray starts."""

import pytest

from cluster.errors import RequestError
from cluster.pool.placement import NodeResources
from pipeline.recipe import load_recipe
from pipeline.stages.needs import SECTIONS, refuse_unmet, standing_on
from tests.repository import RECIPES

ROUNDS = "arms.sft.rounds={ rounds = 2 }"
ON_GPUS = ("training.gpus_per_rank=1", "engines.teacher.device=gpu", "engines.student.device=gpu")
ASKED = 'arms.told={ method = "distill", compare = "top_k", rounds = {} }'


def node(cpus: float, gpus: float = 0, name: str = "one") -> NodeResources:
    return NodeResources(name=name, cpus=cpus, gpus=gpus, gpu_types=frozenset({"H100"}) if gpus else frozenset())


@pytest.mark.parametrize(
    ("settings", "nodes", "beside"),
    [
        ((), [node(3)], True),  # one host and two ranks of a CPU each
        ((), [node(2)], False),
        ((), [node(2), node(1, name="two")], True),
        (("training.beside_hosts=false",), [node(64)], False),
        (("engines.student.count=2",), [node(3)], False),
        (ON_GPUS, [node(8, 3)], True),
        (ON_GPUS, [node(8, 2)], False),
        (ON_GPUS, [node(1, 1), node(2, 2, "two")], True),
        ((ASKED, "engines.teacher.count=3"), [node(3)], False),  # the teacher is asked in the rounds
        ((ASKED, "engines.teacher.count=3"), [node(4)], True),
        (("engines.teacher.count=3",), [node(3)], True),
    ],
)
def test_both_stand_where_there_is_room_for_both(
    settings: tuple[str, ...], nodes: list[NodeResources], beside: bool
) -> None:
    found = standing_on(load_recipe(RECIPES / "local.toml", [ROUNDS, *settings]), nodes)
    assert found.beside == beside, found
    assert ("stay up" in str(found)) == beside


def test_what_is_asked_for_and_cannot_be_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.pool.reservation.nodes_here", lambda cpus: [node(cpus)])
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    settings = ["training.beside_hosts=true", "cluster.local_cpus=2"]
    with pytest.raises(RequestError, match=r"^training.beside_hosts = true: there is no room for 1 host") as caught:
        refuse_unmet(load_recipe(RECIPES / "local.toml", [ROUNDS, *settings]), SECTIONS)
    assert "\n" not in str(caught.value)
    refuse_unmet(load_recipe(RECIPES / "local.toml", settings), SECTIONS)  # no arm learns in rounds
    refuse_unmet(load_recipe(RECIPES / "local.toml", [ROUNDS, "training.beside_hosts=true"]), SECTIONS)
