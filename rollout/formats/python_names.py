"""Names of arguments that Python does not take before `=`, such as `from` and `page-size`: models that write calls as
Python write them all the same, because the functions' schemas have them.

While Python's parser reads a call, another name stands for each of them.
"""

import re
from collections.abc import Mapping
from keyword import iskeyword

from rollout.formats.json_format import decode_at
from rollout.formats.limits import ReplyLimits
from rollout.records import Call, canonical_json

_STAND_IN = "argument_of_another_name_"
_NAME = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"|\\.)"""
    r"""|(?<=[(,])(?P<blank>\s*+)(?P<name>[^\s=,()\[\]{}'"*]++)\s*+=(?!=)""",
    re.DOTALL,
)


def with_python_names(text: str, names: dict[str, str]) -> str:
    """`text` with a name that Python takes for each one before `=` that it does not; `names` then holds it for each of
    those."""

    def named(found: re.Match[str]) -> str:
        if found["text"] is not None or (found["name"].isidentifier() and not iskeyword(found["name"])):
            return found[0]
        stand_in = names.setdefault(found["name"], f"{_STAND_IN}{len(names)}_")
        return f"{found['blank']}{stand_in}="

    return _NAME.sub(named, text)


def with_own_names(call: Call, names: Mapping[str, str], limits: ReplyLimits) -> Call:
    """The call with the names that it was written with. Raises CallSyntaxError for one that stands twice."""
    if not names:
        return call
    arguments = call.arguments
    for own, name in names.items():
        arguments = arguments.replace(f'"{name}":', f"{canonical_json(own)}:")
    return Call(name=call.name, arguments=canonical_json(decode_at(arguments, 0, limits)[0]))
