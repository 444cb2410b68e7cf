"""A run's folder: opening and locking it, its problems and models, its events and progress."""
