#!/bin/sh
# Makes .bench/: an environment for what we are measured beside, and nothing that we use. The peers pin other versions than we do.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
"$python" -m venv .bench
.bench/bin/python -m pip install --quiet --require-hashes --requirement requirements-bench.lock
touch .bench/made
