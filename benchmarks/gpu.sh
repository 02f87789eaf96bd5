#!/usr/bin/env bash
# All that a machine with a GPU is asked for, within ten minutes: see benchmarks/gpu/__main__.py.
#   bash benchmarks/gpu.sh OUT                  GPU_SECONDS=300 for another time than 600 s, PYTHON for another python3
#   bash benchmarks/gpu.sh OUT parity bench     these parts alone
#   bash benchmarks/gpu.sh --rehearse OUT       small, on the double of CuPy: no result
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" -m benchmarks.gpu "$@"
