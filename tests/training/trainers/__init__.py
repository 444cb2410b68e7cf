"""Tests of the trainers over trees."""
