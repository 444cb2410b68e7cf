"""Users' toolboxes: their functions run in worker processes with confined rights."""
