"""Benchmarks: minigen side by side with other frameworks (`peers.py`), and timings of its kernels."""
