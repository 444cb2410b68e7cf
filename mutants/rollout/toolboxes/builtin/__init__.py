"""The project's own toolboxes, one module each. A toolbox's name is its module's name."""
