"""The tables of the documents, written from docs/results: `python -m benchmarks.tables`.

A document marks where a table belongs with `<!-- table: NAME -->` and `<!-- end of table -->`. A test compares what
stands between them with what the stored figures say, so that no table says anything else than its JSON.
"""
