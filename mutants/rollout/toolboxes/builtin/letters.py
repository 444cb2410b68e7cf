"""Toolbox `letters`: letters of words, put together. Stateless."""

LONGEST = 100
"""Characters of a word, and parts that are joined."""


def first(word: str) -> str:
    """Give the first letter of a word.

    Args:
        word: The word.

    Examples:
        first(word="red")
    """
    return _word(word)[0]


def last(word: str) -> str:
    """Give the last letter of a word.

    Args:
        word: The word.

    Examples:
        last(word="red")
    """
    return _word(word)[-1]


def join(parts: list[str]) -> str:
    """Join texts: put letters or words together into one text, as when spelling it.

    Args:
        parts: The texts, in order.

    Examples:
        join(parts=["a", "b"])
    """
    if len(parts) > LONGEST or any(len(part) > LONGEST for part in parts):
        raise ValueError(f"at most {LONGEST} texts of {LONGEST} letters can be joined")
    return "".join(parts)


def finish(answer: str) -> str:
    """Give the answer and end.

    Args:
        answer: The text asked for.

    Examples:
        finish(answer="ab")
    """
    return answer


NEW_NAMES = {"first": "head", "last": "tail", "join": "glue", "finish": "done"}
"""Toolbox `letters_renamed`, for the suite `variant-functions`."""

FUNCTIONS = (first, last, join, finish)


def _word(word: str) -> str:
    if not 1 <= len(word) <= LONGEST:
        raise ValueError(f"a word has 1 to {LONGEST} letters")
    return word
