"""Do the tests notice when the code is wrong? Draws mutants, runs the tests on each, and judges the result."""
