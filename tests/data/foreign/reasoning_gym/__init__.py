"""A package with the interface of reasoning-gym, and tasks that are wrong in the ways that its tasks are."""
