# Two commands matter: `make up` and `make test`. Each sets up what it needs, once, inside this folder.
# Paths are relative throughout, so a checkout below a folder with a space in its name works.

SHELL := /bin/sh
BIN := .venv/bin
PY := $(BIN)/python
RUN := $(PY) -m memesnipe
JOBS ?= 3
# Without compiled modules every one of the hundreds of processes that tests start compiles its imports again; some containers set this.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up test e2e long fuzz mutants cluster build bench docs sbom audit check format proved types mypy pyright unit setup setup-dev lock clean
help: ## show this list
	@awk 'BEGIN{FS=":.*## "} /^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

up: setup ## run the whole stack on this machine; the page is at http://localhost:8080
	@exec $(RUN) up $(ARGS)

test: setup-dev proved unit ## format check, lint, types, and every test but those of the next two
e2e: setup-dev ## images, and a whole installation on a real Kubernetes node (Linux, root): paper, live, kills, upgrade, uninstall
	@echo "== end to end: images built and run, real Helm, a real node, the compose file on a real engine"
	@$(PY) -m pytest -s -m e2e tests/image tests/e2e_cluster tests/compose $(ARGS)

long: setup-dev ## what takes an hour: 10,000 Strategies beside a raw apply, and every benchmark
	@$(PY) tests/bench/operator_scale.py --strategies 10000
	@echo "== misbehaviour matrix, every cell"
	@MEMESNIPE_MATRIX=whole $(PY) -m pytest -n $(JOBS) --dist loadgroup tests/integration/test_misbehaviour_matrix.py
	@echo "== the gate's size and power: 1,200 worthless strategies and 100 planted edges on the backtester"
	@$(PY) -m memesnipe.testing.calibration --processes $(JOBS)
	@$(MAKE) --no-print-directory bench

fuzz: setup-dev ## every decoder for SECONDS (600) each, and the rule machines twenty times as far as in `make test`
	@$(PY) tests/fuzz/run.py --seconds $(or $(SECONDS),600)
	@MEMESNIPE_EXAMPLES=$(or $(EXAMPLES),20) $(PY) -m pytest -n $(JOBS) --timeout 7200 tests/property $(ARGS)

mutants: setup-dev ## how many small wrong changes of signer, approvals, guard and policy the tests see; ARGS=--sample=0 for all
	@$(PY) scripts/mutants.py $(ARGS)

cluster: setup-dev ## a Kubernetes cluster to try things on, until Ctrl-C; NODE=real runs containers (Linux, root)
	@exec $(PY) -m memesnipe.testing.cluster --node=$(or $(NODE),kwok)

build: setup-dev ## wheel and sdist into dist/
	@$(PY) -m build --no-isolation --outdir dist .

bench: setup-dev .bench/made ## ratios against a floor measured in the same run
	@for bench in tests/bench/*.py; do $(PY) "$$bench" || exit 1; done

.bench/made: requirements-bench.lock
	@PYTHON=$(PY) scripts/bench_venv.sh

docs: setup-dev ## the documentation as a site, built strictly: dist/site
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet
	@echo "docs: $(PY) -m http.server -b 127.0.0.1 -d dist/site, then http://127.0.0.1:8000; without a server, dist/site/index.html has no search"

sbom: setup-dev ## an SBOM (CycloneDX) and a licence report for each image: dist/supply
	@$(PY) scripts/supply_chain.py sbom

audit: setup-dev ## known vulnerabilities of what is locked, where api.osv.dev can be reached
	@$(PY) scripts/supply_chain.py audit

check: setup-dev
	@echo "== format, lint, architecture"
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(BIN)/lint-imports --no-cache

types: mypy pyright

mypy: setup-dev
	@echo "== types: mypy strict"
	@$(PY) -m mypy

pyright: setup-dev
	@echo "== types: pyright"
	@$(PY) -m pyright

# Each of the two has one process and takes a minute: side by side, not one after the other.
proved: setup-dev
	@$(MAKE) --no-print-directory -j 2 check mypy pyright

unit: setup-dev
	@echo "== tests: real Valkey, real LiteSVM, real PostgreSQL, the operator on a real Kubernetes API server"
	@$(PY) -m pytest -n $(JOBS) --dist loadgroup -m "not e2e" -o tmp_path_retention_policy=failed $(ARGS)

format: setup-dev ## format and fix what can be fixed
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

setup:
	@sh scripts/setup.sh up

setup-dev:
	@sh scripts/setup.sh dev

lock: setup-dev ## renew the lock files from pyproject.toml
	@sh scripts/lock.sh

clean: ## remove what set-up and tests left; keeps shared/
	@rm -rf .venv .setup dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz .mutants
