"""The protocols of `benchmarks/reproduce.py`: what is trained and measured for each row."""
