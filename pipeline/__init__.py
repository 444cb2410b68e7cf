"""The whole: recipe, stages and their resumption, progress, command line."""
