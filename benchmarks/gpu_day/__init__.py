"""What a first hour on one GPU should answer: see `benchmarks.gpu_day.__main__`."""
