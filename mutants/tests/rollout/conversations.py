"""A small real tokenizer, and a scripted engine that gives prescribed replies."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from transformers import PreTrainedTokenizerFast

from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from rollout.config import EpisodeConfig
from rollout.episodes.episode import EpisodeSetting
from rollout.formats import load_format
from rollout.prompts.template import ChatTemplate
from rollout.records import Problem, Producer

TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
CONTROL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"]


def tokenizer(chat_template: str = TEMPLATE, first: int = 0) -> PreTrainedTokenizerFast:
    """A tokenizer of single bytes. `first` shifts its ids, so that two can differ."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index + first for index, letter in enumerate(alphabet)}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(CONTROL)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|end|>", pad_token="<|pad|>", chat_template=chat_template
    )


@lru_cache(maxsize=2)
def chat_template(first: int = 0) -> ChatTemplate:
    return ChatTemplate(tokenizer(first=first))


ADDITION = Problem(
    id="arithmetic-test-1",
    family="arithmetic",
    split="test",
    template="t",
    text="Tom has 3 cups and gets 4. How many?",
    toolbox="arithmetic",
    gold="7",
    checker="numeric",
)
RIGHT = ('{"name":"add","arguments":{"a":3,"b":4}}', '{"name":"finish","arguments":{"answer":7}}')
WRONG = ('{"name":"finish","arguments":{"answer":8}}',)


def player(replies: Callable[[str, int], str], template: ChatTemplate, config: ScriptedConfig) -> ScriptedEngine:
    """An engine that answers with `replies(episode, step)`, which it takes from the request's id."""

    def script(prompt: Sequence[int], request_id: str) -> Sequence[int]:
        episode, step = request_id.split(".")[:2]
        return template.encode_reply(replies(episode, int(step)))

    return ScriptedEngine(script, config)


def setting(
    replies: Callable[[str, int], str],
    scripted: ScriptedConfig | None = None,
    episode: EpisodeConfig | None = None,
    max_context: int = 4096,
) -> EpisodeSetting:
    template = chat_template()
    return EpisodeSetting(
        engine=player(replies, template, scripted or ScriptedConfig()),
        template=template,
        call_format=load_format("json"),
        config=episode or EpisodeConfig(max_failed_steps=1, max_steps=6),
        max_context=max_context,
        producer=Producer(model="teacher", revision="0", licence="CC0-1.0"),
        generation="test",
    )
