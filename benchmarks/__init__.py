"""The benchmark suite. ``python -m benchmarks --help`` says how to run it; see README.md."""
