#!/bin/sh
# Renew both lock files from pyproject.toml: exact versions and hashes, no index named. Needs uv on the PATH.
set -eu
cd "$(dirname -- "$0")/.."
options="--universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --system-certs --quiet"
# shellcheck disable=SC2086 - a list of options on purpose
uv pip compile pyproject.toml --all-extras $options -o requirements.lock
# shellcheck disable=SC2086
uv pip compile pyproject.toml --extra runtime --extra dashboard --extra embedded --extra build -c requirements.lock $options -o requirements-up.lock
# shellcheck disable=SC2086
echo virtualenv | uv pip compile - --no-annotate $options -o scripts/bootstrap/virtualenv.lock
