"""The benchmark: figures P1-P7 and P11, each beside the limit measured in the same run.

`make bench`, or `python -m tests.bench --quick --only P1,P3`. docs/performance.md says how.
"""
