"""Inference engines: the interface, vLLM behind it, and a scripted engine that needs no model."""
