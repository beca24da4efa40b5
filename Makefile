# Everything a developer or a newcomer runs. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export TOLLBOOK_HOME ?= $(CURDIR)/.tollbook

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.installed  ## Make the environment in .venv

.PHONY: run
run: install  ## Run everything on this machine, with the demo workload
	$(BIN)/tollbook up --demo

.PHONY: test
test: $(VENV)/.installed-dev  ## Run all tests (installs Prometheus and Chromium where apt can)
	scripts/install-test-tools
	env -u TOLLBOOK_HOME $(BIN)/pytest

.PHONY: lint
lint: $(VENV)/.installed-dev  ## Check style, types, spelling and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

.PHONY: format
format: $(VENV)/.installed-dev  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(VENV)/.installed-dev  ## Measure ingest beside COPY, in one run (6 minutes; PEERS=1: Phoenix too)
	env -u TOLLBOOK_HOME $(BIN)/python -m benchmarks --keep

.PHONY: soak
soak: $(VENV)/.installed-dev  ## Kills, a million calls in disorder, ten steady minutes (about 30 minutes)
	env -u TOLLBOOK_HOME SOAK_RESULTS=benchmarks/results $(BIN)/pytest -m soak -s tests/soak

.PHONY: lock
lock: $(VENV)/.installed-dev  ## Choose new versions of all packages
	scripts/lock

$(VENV)/bin/python:
	scripts/make-venv $(PYTHON) $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	scripts/install-packages $(VENV) requirements.lock
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	scripts/install-packages $(VENV) requirements-dev.lock
	touch $@
