"""How arms are trained: the ranks that are watched while they work, and arms that learn in rounds."""
