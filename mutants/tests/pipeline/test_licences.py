"""What licences let outputs be used for, under the names that people give them."""

import pytest

from pipeline.licences import OutputUse, judge_model, judge_outputs, licence_of, output_terms

MISTRAL = "hub:mistralai/Mistral-7B-Instruct-v0.2@3ad372fc79158a2148299e3318516c786aeded6c"


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("Apache-2.0", OutputUse.FREE),
        ("Apache License, Version 2.0", OutputUse.FREE),
        ("Apache", OutputUse.FREE),
        ("gpt-oss-120b", OutputUse.FREE),
        ("MIT", OutputUse.FREE),
        ("BSD-3-Clause", OutputUse.FREE),
        ("llama3", OutputUse.OWN_FAMILY),
        ("Llama-3-Community", OutputUse.OWN_FAMILY),
        ("META LLAMA 3 COMMUNITY LICENSE AGREEMENT", OutputUse.OWN_FAMILY),
        ("Llama-3-70B", OutputUse.OWN_FAMILY),
        ("Llama 3 instruct", OutputUse.OWN_FAMILY),
        ("meta-llama/Meta-Llama-3-70B-Instruct", OutputUse.OWN_FAMILY),
        ("Llama-2-7b-chat-hf", OutputUse.OWN_FAMILY),
        ("Llama-3.1-405B", OutputUse.CONDITIONS),
        ("llama2", OutputUse.OWN_FAMILY),
        ("Llama 3.0", OutputUse.OWN_FAMILY),
        ("llama3.1", OutputUse.CONDITIONS),
        ("Llama-3.3-Community", OutputUse.CONDITIONS),
        ("Llama 4 Community License", OutputUse.CONDITIONS),
        ("gemma", OutputUse.CONDITIONS),
        ("qwen", OutputUse.CONDITIONS),
        ("Qwen Research License", OutputUse.NON_COMMERCIAL),
        ("Mistral AI Research License", OutputUse.NON_COMMERCIAL),
        ("MRL-0.1", OutputUse.NON_COMMERCIAL),
        ("cc-by-nc-4.0", OutputUse.NON_COMMERCIAL),
        ("cc-by-4.0", OutputUse.FREE),
        ("cc-by-sa-4.0", OutputUse.CONDITIONS),
        ("cc-by-nc-sa-4.0", OutputUse.NON_COMMERCIAL),
        ("OpenAI", OutputUse.FORBIDDEN),
        ("ChatGPT", OutputUse.FORBIDDEN),
        ("GPT-4o", OutputUse.FORBIDDEN),
        ("Claude", OutputUse.FORBIDDEN),
        ("unknown", OutputUse.UNKNOWN),
        ("", OutputUse.UNKNOWN),
        ("my own", OutputUse.UNKNOWN),
    ],
)
def test_a_licence_is_known_by_its_names(name: str, use: OutputUse) -> None:
    assert output_terms(name).use is use


def test_llama_3_forbids_training_mistral_and_says_so() -> None:
    judgement = judge_outputs("Llama-3-Community", MISTRAL)
    assert judgement.allowed is False
    assert "1.b.v" in judgement.line
    assert f"may NOT train {MISTRAL}" in judgement.line


def test_llama_3_may_train_its_own_family() -> None:
    assert judge_outputs("llama3", "hub:meta-llama/Meta-Llama-3-8B-Instruct").allowed is None


def test_llama_3_1_has_conditions() -> None:
    judgement = judge_outputs("Llama-3.1-Community", MISTRAL)
    assert judgement.allowed is None
    assert "begins with Llama" in judgement.line


def test_nothing_unknown_is_taken_for_free() -> None:
    assert judge_outputs("unknown", MISTRAL).allowed is None
    assert "models.teacher.licence" in judge_outputs("unknown", MISTRAL).line
    assert judge_outputs("Apache-2.0", MISTRAL).allowed is True
    assert judge_outputs("OpenAI", MISTRAL).allowed is False


LLAMA = "hub:meta-llama/Meta-Llama-3-8B-Instruct@" + 40 * "0"


@pytest.mark.parametrize("source", [LLAMA, "/models/meta-llama/Meta-Llama-3-8B-Instruct/"])
def test_a_published_model_has_its_own_licence(source: str) -> None:
    assert licence_of("unknown", source) == "Llama 3"
    assert judge_model("unknown", source, MISTRAL) == judge_outputs("llama3", MISTRAL)
    assert judge_model("Llama-3-Community", source, MISTRAL) == judge_outputs("llama3", MISTRAL)


def test_a_recipe_that_says_another_licence_is_told_so() -> None:
    judgement = judge_model("Apache-2.0", LLAMA, MISTRAL)
    assert judgement.allowed is False
    assert judgement.line.startswith(
        "models.teacher.licence = 'Apache-2.0', but meta-llama/Meta-Llama-3-8B-Instruct is published under another: "
    )
    assert "1.b.v" in judgement.line


def test_a_model_that_the_table_lacks_has_the_recipes_licence() -> None:
    assert judge_model("MIT", "hub:nobody/nothing", MISTRAL).allowed is True
    assert licence_of("unknown", "") == "unknown"
