"""How sure a measure or a difference is. Pure."""
