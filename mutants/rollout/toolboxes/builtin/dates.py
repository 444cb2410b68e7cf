"""Toolbox `dates`: the Gregorian calendar, dates as YYYY-MM-DD. Stateless."""

from datetime import date, timedelta

MOST_DAYS = 100_000


def add_days(day: str, days: int) -> str:
    """Give the date so many days after a date: days later, after a stay of some days.

    Args:
        day: The date, YYYY-MM-DD.
        days: How many days later; negative for earlier.

    Examples:
        add_days(day="2024-02-28", days=2)
    """
    if abs(days) > MOST_DAYS:
        raise ValueError(f"at most {MOST_DAYS} days")
    try:
        return (_date(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        raise ValueError("years go from 1 to 9999") from None


def days_between(start: str, end: str) -> int:
    """Count the days from a date to a later one: how many days it took.

    Args:
        start: The first date, YYYY-MM-DD.
        end: The second date, YYYY-MM-DD.

    Examples:
        days_between(start="2024-02-28", end="2024-03-01")
    """
    return (_date(end) - _date(start)).days


def weekday(day: str) -> str:
    """Give the day of the week of a date: which weekday it is.

    Args:
        day: The date, YYYY-MM-DD.

    Examples:
        weekday(day="2024-03-01")
    """
    return WEEKDAYS[_date(day).weekday()]


def finish(answer: str | int) -> str | int:
    """Give the answer and end.

    Args:
        answer: The date, the day of the week or the number asked for.

    Examples:
        finish(answer="Friday")
    """
    return answer


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

NEW_NAMES = {"add_days": "later", "days_between": "span", "weekday": "name_day", "finish": "done"}
"""Toolbox `dates_renamed`, for the suite `variant-functions`."""

FUNCTIONS = (add_days, days_between, weekday, finish)


def _date(text: str) -> date:
    # `fromisoformat` alone takes other forms too, such as 20240301.
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        raise ValueError("a date is written YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("no such date; write one as YYYY-MM-DD") from None
