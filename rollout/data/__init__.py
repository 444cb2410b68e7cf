"""Records as Arrow shards: where everything of a run lies, columns, reading and writing, invariants."""
