"""A recipe with lists of values: many arms in few runs, and one table."""
