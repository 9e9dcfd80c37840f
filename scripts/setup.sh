#!/bin/sh
# Find a Python that is new enough and hand over to setup.py. Usage: setup.sh up|dev
set -eu
here=$(dirname -- "$0")
for python in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
    [ -n "$python" ] || continue
    if "$python" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" "$here/setup.py" "$@"
    fi
done
echo "set-up: no Python 3.11 or newer found; install one, or name it: PYTHON=/path/to/python3.11 make up" >&2
exit 1
