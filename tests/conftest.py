"""What holds for all tests."""

from hypothesis import Phase, settings

# A deadline is a timed assertion: on a busy machine an example takes as long as it takes.
settings.register_profile("untimed", deadline=None)
# For `make mutants`: that a test fails is all there is to know, and no example need be made small.
settings.register_profile("unshrunk", deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("untimed")
