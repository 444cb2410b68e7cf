"""BFCL's own checker and ours on the same calls: gold answers, and answers that were damaged at random."""
