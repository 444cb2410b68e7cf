"""Which chat templates call format `native` takes: `python -m benchmarks.templates`."""
