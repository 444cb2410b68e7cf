"""What holds for all tests."""

from hypothesis import settings

# A deadline is a timed assertion: on a busy machine an example takes as long as it takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
