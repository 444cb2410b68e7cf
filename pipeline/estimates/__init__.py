"""What a piece of work needs and where it fits, before anything runs. Pure: numbers in, numbers out; knows no recipe.

`shapes` (models), `published` (those of the Hub that are known), `machines` (GPUs, nodes, clusters), `engines`, `ranks`
and `scoring` (memory of one engine, of one training rank, of one task that scores chains), `placement` (bundles on
nodes), `speed` (seconds), `licences` (what outputs may be used for), `probe` (the one module that does something: it
measures this machine for some seconds).
"""
