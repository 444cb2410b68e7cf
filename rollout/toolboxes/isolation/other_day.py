"""Another day: what a worker believes in which a toolbox is loaded a second time, to see what depends on the date."""

import datetime
import time
from typing import Any

SECONDS = 400 * 86_400 + 7 * 3_600 + 11 * 60 + 13
"""How far away it is: another year, month, day of the week, hour and minute."""


def begin() -> None:
    """Let modules that are imported from now on see that day. Values are Python's own; only what "now" is differs."""
    real_date, real_datetime, now = datetime.date, datetime.datetime, time.time

    class AnyDate(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, real_datetime if cls.__name__ == "datetime" else real_date)

        def __subclasscheck__(cls, kind: type) -> bool:
            return issubclass(kind, real_datetime if cls.__name__ == "datetime" else real_date)

    def made(kind: type, **methods: Any) -> Any:
        def __new__(cls: type, *arguments: Any, **named: Any) -> Any:
            return kind(*arguments, **named)

        def schema(cls: type, source: Any, handler: Any) -> Any:
            return handler.generate_schema(kind)

        known = {"__new__": __new__, "__module__": "datetime", "__get_pydantic_core_schema__": classmethod(schema)}
        return AnyDate(kind.__name__, (kind,), known | methods)

    def from_timestamp(cls: type, seconds: float, zone: Any = None) -> Any:
        return real_datetime.fromtimestamp(seconds, zone)

    def read(cls: type, text: str) -> Any:
        return (real_datetime if cls.__name__ == "datetime" else real_date).fromisoformat(text)

    def date_now(cls: type) -> Any:
        return real_date.fromtimestamp(now() + SECONDS)

    def datetime_now(cls: type, tz: Any = None) -> Any:
        return real_datetime.fromtimestamp(now() + SECONDS, tz)

    def utc_now(cls: type) -> Any:
        return real_datetime.fromtimestamp(now() + SECONDS, datetime.UTC).replace(tzinfo=None)

    fake: Any = datetime
    fake.date = made(real_date, today=classmethod(date_now), fromisoformat=classmethod(read))
    fake.datetime = made(
        real_datetime,
        today=classmethod(datetime_now),
        now=classmethod(datetime_now),
        utcnow=classmethod(utc_now),
        fromtimestamp=classmethod(from_timestamp),
        fromisoformat=classmethod(read),
    )
    clock: Any = time
    clock.time = lambda: now() + SECONDS
    clock.time_ns = lambda: int((now() + SECONDS) * 1_000_000_000)
    for name in ("localtime", "gmtime", "ctime"):
        setattr(clock, name, _later(getattr(time, name), now))
    formatted, local = time.strftime, clock.localtime
    clock.strftime = lambda text, when=None: formatted(text, local() if when is None else when)


def _later(function: Any, now: Any) -> Any:
    return lambda seconds=None: function(now() + SECONDS if seconds is None else seconds)
