"""Runs on a Ray cluster elsewhere."""
