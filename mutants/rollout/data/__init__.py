"""Where the parts of a run lie, and its records as Arrow shards: columns, reading and writing, invariants."""
