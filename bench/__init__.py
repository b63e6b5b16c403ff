"""Benchmarks: the product against a floor, in the same run on the same server. `python -m bench --help`.

May import everything. Invariant: nothing here is a test; numbers are ratios to a floor measured beside them.
"""
