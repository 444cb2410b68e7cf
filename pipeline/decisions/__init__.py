"""What a recipe leaves to the plan (`auto`): chosen, written down, and kept for arms that have begun."""
