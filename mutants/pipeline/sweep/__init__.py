"""Sweeps: a recipe with lists of values becomes many arms in few runs, and one table."""
