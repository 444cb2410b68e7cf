"""What a training step costs several ways: the ways, and how they are timed in turns."""
