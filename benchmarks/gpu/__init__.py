"""All that a machine with a GPU is asked for: `bash benchmarks/gpu.sh OUT`."""
