"""What a piece of work needs and where it fits, before anything runs. Pure: numbers in, numbers out.

Of a recipe it knows the configuration types of engines and training alone.

`amounts` (bytes with their source), `hardware` (GPUs, nodes, clusters), `shapes` and `published` (models),
`engine_memory`, `rank_memory` and `scoring_memory` (one process each), `cpu_processes` (a machine without GPUs),
`packing` (bundles on nodes), `speed` (seconds), and `probe`, the one module that does something: it measures this
machine for some seconds.
"""
