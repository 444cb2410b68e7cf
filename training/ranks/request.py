"""What a rank needs to train one arm. Light and picklable: it is sent to Ray's workers."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from cluster.engine.model_source import model_revision
from cluster.engine.probe import ProbeText
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data import layout
from rollout.data.group_rows import live_units, named_units
from rollout.records import content_hash
from training.config import ArmConfig, DistillArm, TrainingConfig
from training.ranks.zero import precision

_LATER_KEYS = {
    "balanced": False,
    "equal": "tokens",
    "pair_weights": "episodes",
    "train_on_thoughts": True,
    "rows": "chains",
    "rounds": None,
    "rewards": None,
    "chosen_from": "policy",
    "help": None,
    "guide": None,
}


class MadeFrom(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm's model was made from; it stands in the model's folder."""

    arm: str
    settings: dict[str, Any]
    """The arm's section of the recipe."""
    start: str
    """Revision of the model that training started from."""
    precision: str
    teacher: str = ""
    """Revision of the teacher, for distill."""
    groups: tuple[str, ...]
    """Names of the group units that it was trained on."""


@dataclass(frozen=True)
class ArmRequest:
    """The training of one arm. Folders are on a file system that all ranks and the driver see."""

    name: str
    arm: ArmConfig
    training: TrainingConfig
    start_model: str
    """Folder of the model that training starts from."""
    run: str
    """URI of the run's store."""
    groups: str
    """Prefix of the preference groups in it, as `groups/STUDENT`."""
    model_dir: Path
    """Where the trained model is published."""
    checkpoint_dir: Path
    log_path: Path
    """What Ray, DeepSpeed and TRL say. Ranks append `.rankN`."""
    reference: str = ""
    """Prefix of the reference log-probabilities in the store, as `reference/STUDENT`; for dpo."""
    reference_model: str = ""
    """Folder of the model that they are of; "" for `start_model`."""
    targets: str = ""
    """Prefix of what the teacher says at the chains' tokens, as `targets/STUDENT`; for distill."""
    teacher: str = ""
    """Folder of the teacher; for distill."""
    probe: ProbeText | None = None
    """What the trained model is asked before it is published."""
    title: str = ""
    """What progress is shown as; "" for one made of the name."""
    units: tuple[str, ...] = ()
    """Names of the group units that it is trained on; none: all that count."""
    max_tokens: int = 0
    """Longer chains, with their prompt, are in no loss and in their group's mean alone; for grpo. 0: none is."""

    @property
    def ledger(self) -> Ledger:
        """The ledger of the preference groups."""
        return Ledger(open_store(self.run), self.groups)

    @property
    def metrics_path(self) -> Path:
        """A JSON object for each optimizer step."""
        return self.checkpoint_dir / layout.METRICS

    @property
    def began(self) -> Path:
        """A file that the first rank makes when it begins with the arm; who starts the ranks removes an older one."""
        return self.checkpoint_dir / "began"

    @property
    def made_from(self) -> MadeFrom:
        """What the model of this request is made from."""
        return MadeFrom(
            arm=self.name,
            settings=self.arm.model_dump(mode="json", exclude_none=True),
            start=model_revision(self.start_model),
            precision=precision(self.training),
            teacher="".join(self._teacher),
            groups=self.units or tuple(commit.unit for commit in live_units(self.ledger)),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what decides the result: arm, start model, data and precision. Ranks and memory are left out, since
        they may change."""
        ledger = self.ledger
        commits = named_units(ledger, self.units) if self.units else live_units(ledger)
        shards = sorted(commit.shard for commit in commits if commit.shard)
        start = model_revision(self.start_model)
        # Keys that came later change nothing at their defaults, so that older checkpoints are resumed from.
        absent: dict[str, Any] = {
            key: True for key, default in _LATER_KEYS.items() if getattr(self.arm, key, default) == default
        }
        if self.arm.rounds is not None:
            # No update depends on when the rounds stop.
            stops = {"max_own_tokens", "max_seconds"}
            absent["rounds"] = stops if self.arm.rounds.max_staleness else stops | {"max_staleness"}
        said = self.arm.model_dump_json(exclude=absent)
        longest = (f"max_tokens={self.max_tokens}",) if self.max_tokens else ()
        return content_hash(said, start, *self._teacher, precision(self.training), *longest, *shards)

    @property
    def _teacher(self) -> tuple[str, ...]:
        """Revision of the teacher whose distribution the arm learns; of others nothing."""
        return (model_revision(self.teacher),) if isinstance(self.arm, DistillArm) else ()
