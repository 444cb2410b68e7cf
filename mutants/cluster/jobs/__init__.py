"""Ray sessions of this process, and jobs that are submitted to a running cluster."""
