"""`python -m tests.benchmarks`: the ratios that the project holds itself to, each measured in one run."""
