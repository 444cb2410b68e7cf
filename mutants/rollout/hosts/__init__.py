"""The Ray actor that serves a model and runs its episodes as coroutines, and the units of work that it is given."""
