"""Whether a teacher's outputs may train another model, by the licence they are under.

The table in licences.toml shortens what the licences' texts said on 2026-11-20. It is no legal advice, and texts may
have changed since. A licence that is not in the table counts as unknown, never as a free one.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from cluster.config import Section, load_toml, parse
from pipeline.estimates.published import name_of, published_licence


class OutputUse(StrEnum):
    """What a licence lets outputs be used for."""

    FREE = "free"
    """Training any model."""
    CONDITIONS = "conditions"
    """Training any model, under duties that the trained model has to meet."""
    OWN_FAMILY = "own_family"
    """Training models of the teacher's own family only."""
    NON_COMMERCIAL = "non_commercial"
    """Training for research only."""
    FORBIDDEN = "forbidden"
    """Training a model that may compete."""
    UNKNOWN = "unknown"
    """Nobody looked, or the text is not known here."""


class OutputTerms(Section):
    """A licence's terms for outputs. `source` says where in its text they are."""

    pattern: str = ""
    """Regular expression of the plain names that the licence goes by; "" for one that is not in the table."""
    name: str
    use: OutputUse
    says: str
    source: str
    family: str = ""
    """With OWN_FAMILY: what the name of an allowed student begins with."""


class _Table(Section):
    """The file of licences."""

    terms: tuple[OutputTerms, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether outputs may train the student, and why in a line. `allowed` is None where it depends, or is not known."""

    allowed: bool | None
    line: str


_PATH = Path(__file__).with_name("licences.toml")
_TERMS = parse(_Table, load_toml(_PATH, "table of licences"), f"{_PATH}").terms


def output_terms(licence: str) -> OutputTerms:
    """The terms of a licence named as people name it: Apache-2.0, llama3, Llama-3.1-Community, Llama-3-70B, OpenAI."""
    plain = " ".join(re.sub(r"[^a-z0-9.]+", " ", licence.lower()).split())
    plain = re.sub(r"\b(community|license|licence|agreement|the|model|instruct|chat|hf|\d+(\.\d+)?b)\b", "", plain)
    plain = " ".join(re.sub(r"([a-z])(\d)", r"\1 \2", plain).split())
    for terms in _TERMS:
        if re.fullmatch(terms.pattern, plain) or re.fullmatch(terms.pattern, plain.replace(" ", "")):
            return terms
    says = "its terms for outputs are not known here"
    return OutputTerms(name=licence or "unknown", use=OutputUse.UNKNOWN, says=says, source="nowhere")


def licence_of(licence: str, source: str) -> str:
    """A model's licence by the recipe; where it says none, the one that the model at `source` is published under."""
    return _published(source) or licence if licence.lower() in ("", "unknown") else licence


def judge_model(licence: str, source: str, student: str) -> Judgement:
    """`judge_outputs` for the teacher at `source`, which is under `licence` by the recipe.

    The licence that a model is published under counts, whatever the recipe says; where they differ, the line says so.
    """
    said, published = licence_of(licence, source), _published(source)
    if not published or output_terms(said) == output_terms(published):
        return judge_outputs(said, student)
    judgement = judge_outputs(published, student)
    line = f"models.teacher.licence = {licence!r}, but {name_of(source)} is published under another: {judgement.line}"
    return replace(judgement, line=line)


def _published(source: str) -> str:
    return published_licence(name_of(source))


def judge_outputs(licence: str, student: str) -> Judgement:
    """Whether what a teacher under `licence` wrote may train `student` (its name or source), in one line."""
    terms = output_terms(licence)
    said = f"{terms.name} ({terms.source}): {terms.says}"
    if terms.use is OutputUse.FREE:
        return Judgement(True, said)
    if terms.use is OutputUse.OWN_FAMILY:
        name = student.removeprefix("hub:").split("@")[0].rpartition("/")[2].lower()
        if terms.family and (name.startswith(terms.family) or f"-{terms.family}" in name):
            return Judgement(None, f"{said}; {student} looks like one: see that it is of the same version")
        return Judgement(False, f"{said}; so they may NOT train {student}")
    if terms.use is OutputUse.FORBIDDEN:
        return Judgement(False, f"{said}; so they may NOT train {student}, unless it does not compete with it")
    if terms.use is OutputUse.NON_COMMERCIAL:
        return Judgement(None, f"{said}; so what is trained on them is for research only")
    if terms.use is OutputUse.CONDITIONS:
        return Judgement(None, said)
    return Judgement(
        None,
        f"licence {licence!r}: {terms.says}; read them before anything is trained on the outputs, and say the licence "
        "in models.teacher.licence",
    )
