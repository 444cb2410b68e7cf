"""Ray sessions of this process, and jobs submitted to a cluster that runs already."""
