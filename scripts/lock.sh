#!/bin/sh
# Renew every lock file from pyproject.toml: exact versions and hashes, no index named. Needs uv on the PATH.
set -eu
cd "$(dirname -- "$0")/.."
options="--universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --system-certs --quiet"
# shellcheck disable=SC2086 - a list of options on purpose
uv pip compile pyproject.toml --extra dev $options -o requirements.lock
# The others are parts of it: the same versions, so that what the tests ran on is what a host and the images get.
part() {
    file=$1
    shift
    # shellcheck disable=SC2086
    uv pip compile pyproject.toml "$@" -c requirements.lock $options -o "$file"
}
part requirements-up.lock --extra runtime --extra dashboard --extra embedded --extra postgres --extra allocator --extra notify --extra tracing --extra build
part requirements-runtime.lock --extra runtime --extra dashboard --extra postgres --extra notify --extra tracing
part requirements-allocator.lock --extra allocator --extra postgres
part requirements-operator.lock --extra operator
part requirements-signer.lock --extra signer
part requirements-research.lock --extra research --extra postgres
# Peers pin what we do not, so theirs is a choice of its own.
# shellcheck disable=SC2086
uv pip compile pyproject.toml --extra bench $options -o requirements-bench.lock
# What makes a wheel of the checkout, and what makes a .venv where Python has no working venv.
# shellcheck disable=SC2086
echo hatchling | uv pip compile - -c requirements.lock --no-annotate $options -o scripts/bootstrap/hatchling.lock
# shellcheck disable=SC2086
echo virtualenv | uv pip compile - --no-annotate $options -o scripts/bootstrap/virtualenv.lock
