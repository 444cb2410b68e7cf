"""Preference groups to checkpoints. The core imports neither ray nor vllm."""
