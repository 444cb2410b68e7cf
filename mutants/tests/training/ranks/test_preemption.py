"""When ranks leave a draining node; a real drain is in tests/faults/test_drained_rank.py."""

from transformers import TrainerControl, TrainerState, TrainingArguments

from training.ranks.preemption import PreemptionCallback


def stops(callback: PreemptionCallback, steps: range) -> list[int]:
    """The steps after which the trainer has to save and stop."""
    found = []
    for step in steps:
        control, state = TrainerControl(), TrainerState(global_step=step, max_steps=steps.stop - 1)
        callback.on_step_end(TrainingArguments(use_cpu=True), state, control)
        assert control.should_save == control.should_training_stop
        found += [step] if control.should_training_stop else []
    return found


def test_a_node_that_stays_stops_nothing() -> None:
    callback = PreemptionCallback(lambda: False, ask_every_s=0)
    assert stops(callback, range(1, 6)) == []
    assert not callback.stopped


def test_training_stops_after_the_step_that_sees_the_notice() -> None:
    answers = iter([False, True])
    callback = PreemptionCallback(lambda: next(answers), ask_every_s=0)
    assert stops(callback, range(1, 6)) == [2, 3, 4]
    assert callback.stopped


def test_the_last_step_is_the_end_anyway() -> None:
    callback = PreemptionCallback(lambda: True, ask_every_s=0)
    assert stops(callback, range(5, 6)) == []
    assert not callback.stopped


def test_nobody_is_asked_at_every_step() -> None:
    asked = []
    callback = PreemptionCallback(lambda: bool(asked.append(1)), ask_every_s=3600)
    stops(callback, range(1, 100))
    assert len(asked) == 1
