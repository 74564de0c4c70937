"""What things cost, beside their peers: `python -m tests.benchmarks` prints the tables and writes bench.json.

A benchmark is a module with `run() -> Report`, named in __main__.BENCHMARKS. Nothing here asserts a time.
"""
