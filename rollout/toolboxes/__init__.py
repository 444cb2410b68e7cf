"""Toolboxes: sets of typed functions that a model may call, and the sessions in which it calls them."""

from rollout.toolboxes.distractors import with_distractors
from rollout.toolboxes.function import Function
from rollout.toolboxes.loading import load_toolbox, prepare_toolboxes
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.retrieval import retrieve
from rollout.toolboxes.toolbox import Session, Toolbox

__all__ = [
    "CallRefused",
    "Function",
    "Session",
    "Toolbox",
    "load_toolbox",
    "prepare_toolboxes",
    "retrieve",
    "with_distractors",
]
