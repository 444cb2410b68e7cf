"""When ranks heed that their node is to go; a real drain is in tests/faults/test_drained_rank.py."""

from transformers import TrainerControl, TrainerState, TrainingArguments

from training.ranks.preemption import PreemptionCallback


def stops(heed: PreemptionCallback, steps: range) -> list[int]:
    """After which steps the trainer was told to save and stop."""
    found = []
    for step in steps:
        control, state = TrainerControl(), TrainerState(global_step=step, max_steps=steps.stop - 1)
        heed.on_step_end(TrainingArguments(use_cpu=True), state, control)
        assert control.should_save == control.should_training_stop
        found += [step] if control.should_training_stop else []
    return found


def test_a_node_that_stays_stops_nothing() -> None:
    heed = PreemptionCallback(lambda: False, ask_every_s=0)
    assert stops(heed, range(1, 6)) == []
    assert not heed.stopped


def test_a_notice_is_heeded_after_the_next_step_and_not_forgotten() -> None:
    answers = iter([False, True])
    heed = PreemptionCallback(lambda: next(answers), ask_every_s=0)
    assert stops(heed, range(1, 6)) == [2, 3, 4]
    assert heed.stopped


def test_the_last_step_is_the_end_anyway() -> None:
    heed = PreemptionCallback(lambda: True, ask_every_s=0)
    assert stops(heed, range(5, 6)) == []
    assert not heed.stopped


def test_nobody_is_asked_at_every_step() -> None:
    asked = []
    heed = PreemptionCallback(lambda: bool(asked.append(1)), ask_every_s=3600)
    stops(heed, range(1, 100))
    assert len(asked) == 1
