"""Distillation: what a teacher says at the tokens of chains, and the examples that are made of it."""
