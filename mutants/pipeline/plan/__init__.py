"""What a recipe would place where, and what that takes. Pure."""
