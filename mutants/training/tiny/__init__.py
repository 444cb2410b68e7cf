"""Tiny models from scratch: their shape, their corpus, their pre-training."""
