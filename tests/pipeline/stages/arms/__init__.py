"""Tests of how arms are trained."""
