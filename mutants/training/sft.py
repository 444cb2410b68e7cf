"""Supervised fine-tuning on chains, with TRL's SFTTrainer fed by token ids and labels.

TRL takes a row's `labels` as they are, so loss is taken on exactly the tokens that `loss_mask` marks: what the model
wrote, never a prompt, never a tool's result, never a failed step.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from cluster.errors import CorruptionError, WorkError
from cluster.store.atomic import atomic_folder
from rollout.records import Chain, ErrorCode, PreferenceGroup
from training.config import SftArm, TrainingConfig

if TYPE_CHECKING:
    from datasets import Dataset
    from trl import SFTConfig

_ROWS, _COUNTS = "rows.arrow", "counts.json"
IGNORED = -100


from mutmut.mutation.trampoline import wrap_in_trampoline as _mutmut_mutated, MutantDict


class Row(TypedDict):
    """A prompt and one chain: ids, and labels of the same length with IGNORED where no loss is taken."""

    input_ids: list[int]
    labels: list[int]
mutants_x_loss_mask__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_loss_mask__mutmut)
def loss_mask(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(chain.failed_steps)
    return [index >= 0 and index not in failed for index in chain.step]


def x_loss_mask__mutmut_orig(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(chain.failed_steps)
    return [index >= 0 and index not in failed for index in chain.step]


def x_loss_mask__mutmut_1(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = None
    return [index >= 0 and index not in failed for index in chain.step]


def x_loss_mask__mutmut_2(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(None)
    return [index >= 0 and index not in failed for index in chain.step]


def x_loss_mask__mutmut_3(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(chain.failed_steps)
    return [index >= 0 or index not in failed for index in chain.step]


def x_loss_mask__mutmut_4(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(chain.failed_steps)
    return [index > 0 and index not in failed for index in chain.step]


def x_loss_mask__mutmut_5(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(chain.failed_steps)
    return [index >= 1 and index not in failed for index in chain.step]


def x_loss_mask__mutmut_6(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail."""
    failed = set(chain.failed_steps)
    return [index >= 0 and index in failed for index in chain.step]

mutants_x_loss_mask__mutmut['_mutmut_orig'] = x_loss_mask__mutmut_orig # type: ignore # mutmut generated
mutants_x_loss_mask__mutmut['x_loss_mask__mutmut_1'] = x_loss_mask__mutmut_1 # type: ignore # mutmut generated
mutants_x_loss_mask__mutmut['x_loss_mask__mutmut_2'] = x_loss_mask__mutmut_2 # type: ignore # mutmut generated
mutants_x_loss_mask__mutmut['x_loss_mask__mutmut_3'] = x_loss_mask__mutmut_3 # type: ignore # mutmut generated
mutants_x_loss_mask__mutmut['x_loss_mask__mutmut_4'] = x_loss_mask__mutmut_4 # type: ignore # mutmut generated
mutants_x_loss_mask__mutmut['x_loss_mask__mutmut_5'] = x_loss_mask__mutmut_5 # type: ignore # mutmut generated
mutants_x_loss_mask__mutmut['x_loss_mask__mutmut_6'] = x_loss_mask__mutmut_6 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_group_rows__mutmut)
def group_rows(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_orig(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_1(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = None
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_2(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = None
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_3(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error not in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_4(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = None
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_5(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if (arm.chains == "right") and False else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_6(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if (arm.chains == "right") or True else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_7(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains != "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_8(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "XXrightXX" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_9(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "RIGHT" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_10(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = None
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_11(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(None)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_12(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(None):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_13(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = None
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_14(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(None)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_15(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = None
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_16(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if (kept) and False else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_17(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if (kept) or True else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_18(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(None, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_19(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, None, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_20(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=None)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_21(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_22(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_23(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, )]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_24(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=False)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_25(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(None)
    return rows


def x_group_rows__mutmut_26(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=None, labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_27(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=None))
    return rows


def x_group_rows__mutmut_28(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_29(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), ))
    return rows


def x_group_rows__mutmut_30(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt - list(chain.token_ids), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_31(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(None), labels=[IGNORED] * len(prompt) + labels))
    return rows


def x_group_rows__mutmut_32(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] * len(prompt) - labels))
    return rows


def x_group_rows__mutmut_33(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    # Right format, wrong content: a chain that went wrong by its format would teach the opposite of the control.
    wrong_answers = (ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED)
    well_formed = [chain for chain in group.wrong if chain.error in wrong_answers]
    rows = []
    for chain in group.right if arm.chains == "right" else well_formed:
        mask = loss_mask(chain)
        if any(mask):
            prompt = list(group.prompt_ids)
            labels = [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)]
            rows.append(Row(input_ids=prompt + list(chain.token_ids), labels=[IGNORED] / len(prompt) + labels))
    return rows

mutants_x_group_rows__mutmut['_mutmut_orig'] = x_group_rows__mutmut_orig # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_1'] = x_group_rows__mutmut_1 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_2'] = x_group_rows__mutmut_2 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_3'] = x_group_rows__mutmut_3 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_4'] = x_group_rows__mutmut_4 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_5'] = x_group_rows__mutmut_5 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_6'] = x_group_rows__mutmut_6 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_7'] = x_group_rows__mutmut_7 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_8'] = x_group_rows__mutmut_8 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_9'] = x_group_rows__mutmut_9 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_10'] = x_group_rows__mutmut_10 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_11'] = x_group_rows__mutmut_11 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_12'] = x_group_rows__mutmut_12 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_13'] = x_group_rows__mutmut_13 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_14'] = x_group_rows__mutmut_14 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_15'] = x_group_rows__mutmut_15 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_16'] = x_group_rows__mutmut_16 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_17'] = x_group_rows__mutmut_17 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_18'] = x_group_rows__mutmut_18 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_19'] = x_group_rows__mutmut_19 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_20'] = x_group_rows__mutmut_20 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_21'] = x_group_rows__mutmut_21 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_22'] = x_group_rows__mutmut_22 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_23'] = x_group_rows__mutmut_23 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_24'] = x_group_rows__mutmut_24 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_25'] = x_group_rows__mutmut_25 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_26'] = x_group_rows__mutmut_26 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_27'] = x_group_rows__mutmut_27 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_28'] = x_group_rows__mutmut_28 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_29'] = x_group_rows__mutmut_29 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_30'] = x_group_rows__mutmut_30 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_31'] = x_group_rows__mutmut_31 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_32'] = x_group_rows__mutmut_32 # type: ignore # mutmut generated
mutants_x_group_rows__mutmut['x_group_rows__mutmut_33'] = x_group_rows__mutmut_33 # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut: MutantDict = {}  # type: ignore
mutants_xǁRowSetǁbatches__mutmut: MutantDict = {}  # type: ignore


@dataclass(frozen=True)
class RowSet:
    """The rows of an arm on disk, and the counts that determine batch sizes."""

    directory: Path
    rows: int
    groups: int
    """Groups that gave a row."""
    longest: int
    """Tokens of the longest row."""

    @_mutmut_mutated(mutants_xǁRowSetǁload__mutmut)
    def load(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(str(self.directory / _ROWS))
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_orig(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(str(self.directory / _ROWS))
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_1(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = None
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_2(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(None)
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_3(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(str(None))
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_4(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(str(self.directory * _ROWS))
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_5(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(str(self.directory / _ROWS))
        if len(rows) == self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def xǁRowSetǁload__mutmut_6(self) -> "Dataset":
        """The rows, memory-mapped."""
        import datasets

        rows = datasets.Dataset.from_file(str(self.directory / _ROWS))
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(None)
        return rows

    @_mutmut_mutated(mutants_xǁRowSetǁbatches__mutmut)
    def batches(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_orig(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_1(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest >= training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_2(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                None
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_3(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "XXraise it, or lower the longest chain of the groupsXX"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_4(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "RAISE IT, OR LOWER THE LONGEST CHAIN OF THE GROUPS"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_5(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = None
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_6(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(None, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_7(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, None)
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_8(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_9(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, )
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_10(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(2, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_11(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(None))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_12(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows * self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_13(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step / self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_14(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = None
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_15(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(None)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_16(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows * training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_17(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = None
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_18(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(None)
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_19(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows * (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_20(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step / self.longest))
        return math.ceil(rank_rows / passes), passes

    def xǁRowSetǁbatches__mutmut_21(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(None), passes

    def xǁRowSetǁbatches__mutmut_22(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank.

        A step takes the rows of `groups_per_step` groups on average. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        if self.longest > training.tokens_per_micro_step:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {training.tokens_per_micro_step}; "
                "raise it, or lower the longest chain of the groups"
            )
        step_rows = max(1, round(arm.groups_per_step * self.rows / self.groups))
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (training.tokens_per_micro_step // self.longest))
        return math.ceil(rank_rows * passes), passes

mutants_xǁRowSetǁload__mutmut['_mutmut_orig'] = RowSet.xǁRowSetǁload__mutmut_orig # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut['xǁRowSetǁload__mutmut_1'] = RowSet.xǁRowSetǁload__mutmut_1 # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut['xǁRowSetǁload__mutmut_2'] = RowSet.xǁRowSetǁload__mutmut_2 # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut['xǁRowSetǁload__mutmut_3'] = RowSet.xǁRowSetǁload__mutmut_3 # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut['xǁRowSetǁload__mutmut_4'] = RowSet.xǁRowSetǁload__mutmut_4 # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut['xǁRowSetǁload__mutmut_5'] = RowSet.xǁRowSetǁload__mutmut_5 # type: ignore # mutmut generated
mutants_xǁRowSetǁload__mutmut['xǁRowSetǁload__mutmut_6'] = RowSet.xǁRowSetǁload__mutmut_6 # type: ignore # mutmut generated

mutants_xǁRowSetǁbatches__mutmut['_mutmut_orig'] = RowSet.xǁRowSetǁbatches__mutmut_orig # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_1'] = RowSet.xǁRowSetǁbatches__mutmut_1 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_2'] = RowSet.xǁRowSetǁbatches__mutmut_2 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_3'] = RowSet.xǁRowSetǁbatches__mutmut_3 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_4'] = RowSet.xǁRowSetǁbatches__mutmut_4 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_5'] = RowSet.xǁRowSetǁbatches__mutmut_5 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_6'] = RowSet.xǁRowSetǁbatches__mutmut_6 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_7'] = RowSet.xǁRowSetǁbatches__mutmut_7 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_8'] = RowSet.xǁRowSetǁbatches__mutmut_8 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_9'] = RowSet.xǁRowSetǁbatches__mutmut_9 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_10'] = RowSet.xǁRowSetǁbatches__mutmut_10 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_11'] = RowSet.xǁRowSetǁbatches__mutmut_11 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_12'] = RowSet.xǁRowSetǁbatches__mutmut_12 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_13'] = RowSet.xǁRowSetǁbatches__mutmut_13 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_14'] = RowSet.xǁRowSetǁbatches__mutmut_14 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_15'] = RowSet.xǁRowSetǁbatches__mutmut_15 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_16'] = RowSet.xǁRowSetǁbatches__mutmut_16 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_17'] = RowSet.xǁRowSetǁbatches__mutmut_17 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_18'] = RowSet.xǁRowSetǁbatches__mutmut_18 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_19'] = RowSet.xǁRowSetǁbatches__mutmut_19 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_20'] = RowSet.xǁRowSetǁbatches__mutmut_20 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_21'] = RowSet.xǁRowSetǁbatches__mutmut_21 # type: ignore # mutmut generated
mutants_xǁRowSetǁbatches__mutmut['xǁRowSetǁbatches__mutmut_22'] = RowSet.xǁRowSetǁbatches__mutmut_22 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_write_rows__mutmut)
def write_rows(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_orig(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_1(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_2(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = None
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_3(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(None)
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_4(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = None
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_5(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema(None)
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_6(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("XXinput_idsXX", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_7(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("INPUT_IDS", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_8(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("XXlabelsXX", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_9(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("LABELS", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_10(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = None
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_11(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 1
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_12(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(None) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_13(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(None, "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_14(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), None) as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_15(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile("wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_16(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), ) as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_17(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(None), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_18(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary * _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_19(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "XXwbXX") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_20(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "WB") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_21(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(None, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_22(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, None) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_23(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_24(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, ) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_25(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, None):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_26(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter((group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_27(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, ):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_28(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(None, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_29(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, None) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_30(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_31(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, ) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_32(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(None)
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_33(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(None, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_34(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=None))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_35(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_36(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, ))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_37(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = None
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_38(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows - len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_39(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used - 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_40(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 2
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_41(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = None
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_42(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(None, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_43(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(*(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_44(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, )
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_45(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows != 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_46(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 1:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_47(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    None
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_48(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(None)
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_49(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary * _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_50(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps(None))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_51(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"XXrowsXX": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_52(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"ROWS": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_53(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "XXgroupsXX": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_54(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "GROUPS": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_55(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "XXlongestXX": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_56(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "LONGEST": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_57(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = None
    return RowSet(directory, **counts)


def x_write_rows__mutmut_58(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads(None)
    return RowSet(directory, **counts)


def x_write_rows__mutmut_59(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory * _COUNTS).read_text())
    return RowSet(directory, **counts)


def x_write_rows__mutmut_60(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(None, **counts)


def x_write_rows__mutmut_61(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(**counts)


def x_write_rows__mutmut_62(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row.
    """
    if not directory.is_dir():
        import pyarrow as pa

        ids = pa.list_(pa.int32())
        schema = pa.schema([("input_ids", ids), ("labels", ids)])
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            (temporary / _COUNTS).write_text(json.dumps({"rows": rows, "groups": used, "longest": longest}))
    counts = json.loads((directory / _COUNTS).read_text())
    return RowSet(directory, )

mutants_x_write_rows__mutmut['_mutmut_orig'] = x_write_rows__mutmut_orig # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_1'] = x_write_rows__mutmut_1 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_2'] = x_write_rows__mutmut_2 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_3'] = x_write_rows__mutmut_3 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_4'] = x_write_rows__mutmut_4 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_5'] = x_write_rows__mutmut_5 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_6'] = x_write_rows__mutmut_6 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_7'] = x_write_rows__mutmut_7 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_8'] = x_write_rows__mutmut_8 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_9'] = x_write_rows__mutmut_9 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_10'] = x_write_rows__mutmut_10 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_11'] = x_write_rows__mutmut_11 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_12'] = x_write_rows__mutmut_12 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_13'] = x_write_rows__mutmut_13 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_14'] = x_write_rows__mutmut_14 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_15'] = x_write_rows__mutmut_15 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_16'] = x_write_rows__mutmut_16 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_17'] = x_write_rows__mutmut_17 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_18'] = x_write_rows__mutmut_18 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_19'] = x_write_rows__mutmut_19 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_20'] = x_write_rows__mutmut_20 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_21'] = x_write_rows__mutmut_21 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_22'] = x_write_rows__mutmut_22 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_23'] = x_write_rows__mutmut_23 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_24'] = x_write_rows__mutmut_24 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_25'] = x_write_rows__mutmut_25 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_26'] = x_write_rows__mutmut_26 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_27'] = x_write_rows__mutmut_27 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_28'] = x_write_rows__mutmut_28 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_29'] = x_write_rows__mutmut_29 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_30'] = x_write_rows__mutmut_30 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_31'] = x_write_rows__mutmut_31 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_32'] = x_write_rows__mutmut_32 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_33'] = x_write_rows__mutmut_33 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_34'] = x_write_rows__mutmut_34 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_35'] = x_write_rows__mutmut_35 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_36'] = x_write_rows__mutmut_36 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_37'] = x_write_rows__mutmut_37 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_38'] = x_write_rows__mutmut_38 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_39'] = x_write_rows__mutmut_39 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_40'] = x_write_rows__mutmut_40 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_41'] = x_write_rows__mutmut_41 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_42'] = x_write_rows__mutmut_42 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_43'] = x_write_rows__mutmut_43 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_44'] = x_write_rows__mutmut_44 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_45'] = x_write_rows__mutmut_45 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_46'] = x_write_rows__mutmut_46 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_47'] = x_write_rows__mutmut_47 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_48'] = x_write_rows__mutmut_48 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_49'] = x_write_rows__mutmut_49 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_50'] = x_write_rows__mutmut_50 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_51'] = x_write_rows__mutmut_51 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_52'] = x_write_rows__mutmut_52 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_53'] = x_write_rows__mutmut_53 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_54'] = x_write_rows__mutmut_54 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_55'] = x_write_rows__mutmut_55 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_56'] = x_write_rows__mutmut_56 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_57'] = x_write_rows__mutmut_57 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_58'] = x_write_rows__mutmut_58 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_59'] = x_write_rows__mutmut_59 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_60'] = x_write_rows__mutmut_60 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_61'] = x_write_rows__mutmut_61 # type: ignore # mutmut generated
mutants_x_write_rows__mutmut['x_write_rows__mutmut_62'] = x_write_rows__mutmut_62 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_sft_arguments__mutmut)
def sft_arguments(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_orig(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_1(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=None,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_2(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=None,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_3(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs=None,
    )


def x_sft_arguments__mutmut_4(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_5(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_6(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_7(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_8(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        )


def x_sft_arguments__mutmut_9(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=True,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_10(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=True,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def x_sft_arguments__mutmut_11(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"XXskip_prepare_datasetXX": True},
    )


def x_sft_arguments__mutmut_12(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"SKIP_PREPARE_DATASET": True},
    )


def x_sft_arguments__mutmut_13(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": False},
    )

mutants_x_sft_arguments__mutmut['_mutmut_orig'] = x_sft_arguments__mutmut_orig # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_1'] = x_sft_arguments__mutmut_1 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_2'] = x_sft_arguments__mutmut_2 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_3'] = x_sft_arguments__mutmut_3 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_4'] = x_sft_arguments__mutmut_4 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_5'] = x_sft_arguments__mutmut_5 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_6'] = x_sft_arguments__mutmut_6 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_7'] = x_sft_arguments__mutmut_7 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_8'] = x_sft_arguments__mutmut_8 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_9'] = x_sft_arguments__mutmut_9 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_10'] = x_sft_arguments__mutmut_10 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_11'] = x_sft_arguments__mutmut_11 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_12'] = x_sft_arguments__mutmut_12 # type: ignore # mutmut generated
mutants_x_sft_arguments__mutmut['x_sft_arguments__mutmut_13'] = x_sft_arguments__mutmut_13 # type: ignore # mutmut generated
