"""Prices by GPU and by node, from the command line and from a file."""

from pathlib import Path

import pytest

from cluster.errors import RequestError
from pipeline.estimates.hardware import load_machines
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.machines import with_prices
from pipeline.plan.make import make_plan
from pipeline.plan.outcome import money, stage_times
from pipeline.recipe import load_recipe
from tests.pipeline.plan.planned import CLUSTERS, PAPER, RECIPES


def test_prices_make_money(tmp_path: Path) -> None:
    machines = load_machines(CLUSTERS / "two-nodes-8xh100.toml")
    assert with_prices(machines, 2.0, None).price_hour == 32
    prices = tmp_path / "prices.toml"
    prices.write_text('currency = "EUR"\n[gpu_hour]\nH100 = 1.5\n')
    priced = with_prices(machines, None, prices)
    assert (priced.price_hour, priced.currency) == (24, "EUR")
    plan = make_plan(load_recipe(RECIPES / f"{PAPER}.toml"), priced, REFERENCE)
    times = stage_times(plan)
    assert money(times) == pytest.approx(sum(stage.seconds for stage in times) / 3600 * 24)
    prices.write_text("[gpu_hours]\nH100 = 1.5\n")
    with pytest.raises(RequestError, match="unknown key gpu_hours"):
        with_prices(machines, None, prices)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("gpu_hour = 3", "gpu_hour = 3: "),
        ("[gpu_hour]\nH100 = true", "gpu_hour.H100 = True: "),
        ("[node_hour]\ngpu = inf", "node_hour.gpu = inf: "),
        ("[gpu_hour]\nH100 = -1", "gpu_hour.H100 = -1: "),
        ("[node_hour]\nother = 1", "node_hour.other: no such nodes; there are gpu"),
        ("[gpu_hour", "not TOML"),
    ],
)
def test_what_is_no_price_is_refused_in_a_line(text: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(RequestError, match=f"prices file {path}") as caught:
        with_prices(load_machines(CLUSTERS / "two-nodes-8xh100.toml"), None, path)
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("price", [float("inf"), float("nan"), -1.0])
def test_a_price_is_a_number(price: float) -> None:
    with pytest.raises(RequestError, match="no price"):
        with_prices(load_machines(CLUSTERS / "two-nodes-8xh100.toml"), price, None)


def test_files_are_called_what_they_are(tmp_path: Path) -> None:
    machines = load_machines(CLUSTERS / "one-gpu.toml")
    with pytest.raises(RequestError, match=r"^prices file .*: no such file"):
        with_prices(machines, None, tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[nodes")
    with pytest.raises(RequestError, match=r"^cluster file .*: not TOML"):
        load_machines(tmp_path / "broken.toml")
