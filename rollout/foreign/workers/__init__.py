"""Toolboxes of this project that import a package of other people's: each has one, and no module here has its name."""
