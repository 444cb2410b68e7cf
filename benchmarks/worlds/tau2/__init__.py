"""tau2-bench: our verdicts on gold and damaged conversations, and the package's own evaluators'."""
