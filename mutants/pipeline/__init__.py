"""The whole system: recipes, plans, stages and how they resume, sweeps, jobs and the command line."""
