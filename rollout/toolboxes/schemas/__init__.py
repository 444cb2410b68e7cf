"""Toolboxes of schemas alone, and how schemas are read."""
