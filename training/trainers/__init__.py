"""Trainers over trees of chains, on `transformers.Trainer`: what all methods share, and one module a method."""
