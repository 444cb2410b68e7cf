"""The invariants that `chainpref verify` checks of units of rows, and of arms that learn in rounds."""
