"""Problem families whose rows come from files or from the Hub."""
