"""Generated problem families, one module each, and the words that they share."""
