"""Warm starts: a given model trained on gold conversations of the corpus, as tiny models are.

The folder's name is a hash of the start, the corpus, the settings and this code. A training that was interrupted goes
on where it last wrote its state, and comes out the same.
"""

import shutil
from pathlib import Path

from cluster.engine.model_source import local_model, model_revision
from cluster.engine.probe import ProbeText
from cluster.store.digests import check_sums
from rollout.prompts.template import ChatTemplate
from rollout.records import content_hash
from rollout.toolboxes.source import hash_of_files
from training.reference import load_model
from training.tiny import corpus as corpus_module
from training.tiny import learning
from training.tiny.config import WarmConfig
from training.tiny.corpus import Corpus
from training.tiny.learning import Made, Report, batches, learn, make_optimizer
from training.tiny.model import load_tokenizer, publish
from training.tiny.state import SavedState


def ensure_warm(
    config: WarmConfig,
    corpus: Corpus,
    start: str,
    context: int,
    root: Path,
    report: Report | None = None,
    *,
    probe: ProbeText | None = None,
) -> Made:
    """The folder of the model that `start` (a folder, or `hub:OWNER/NAME@COMMIT`) becomes, under `root`; it is trained
    where there is none yet. `context`: tokens of the longest conversation that is learnt.

    Raises RequestError where conversations do not fit, and CorruptionError for files that are not what was written.
    """
    template = ChatTemplate(load_tokenizer(local_model(start)))
    code = hash_of_files(__file__, corpus_module.__file__, learning.__file__)
    made_from = (model_revision(start), template.tokenizer_hash, template.hash, str(context), code)
    name = content_hash(config.model_dump_json(), corpus.fingerprint, *made_from)
    directory, reading = root / f"warm-{name}", None
    if not directory.is_dir():
        state = root / f"warm-{name}-unfinished"
        model = load_model(start, "float32")
        rows = batches(config, config.steps, corpus, template, context)
        saved = SavedState(state, model, make_optimizer(model, config))
        learn(model, config, config.steps, rows, template.pad_id, report, saved)
        reading = publish(model, load_tokenizer(local_model(start)), directory, probe)
        shutil.rmtree(state, ignore_errors=True)
    check_sums(directory, f"remove {directory} and run again")
    return Made(directory, reading)
