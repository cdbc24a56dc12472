# make help | install | demo | dev | test | test-slow | lint
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := frontend/node_modules/.package-lock.json
# The interpreter that makes the environment; any Python from 3.11 to 3.13.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PORT ?= 8000

.PHONY: docs help install install-dev demo dev serve test test-slow lint format requirements

help:            ## this list
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

requirements:
	@bash scripts/check_requirements.sh "$(PYTHON)"

$(VENV)/.installed: pyproject.toml | requirements
	@echo "Installing into $(VENV): about 1.2 GB on disk, which takes a minute or two."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[ui,graphs]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed pyproject.toml
	@echo "For the tests and for GPUs: PyTorch is about 6 GB with its CUDA libraries, so this takes some minutes."
	$(BIN)/python -m pip install --quiet -e '.[ui,graphs,pymde,libraries]' --group dev
	@touch $@

install: $(VENV)/.installed  ## make .venv with everything Atlas needs

install-dev: $(VENV)/.installed-dev

demo: install    ## materialise the default atlas, build its site and serve it
	$(BIN)/atlas run python_api
	$(BIN)/atlas serve python_api --port $(PORT)

dev: install     ## the Dagster UI on the same state
	$(BIN)/dg dev

# npm writes it when all is installed.
$(NODE_MODULES): frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

test: install-dev $(NODE_MODULES)  ## install what the tests need (Chromium included) and run them
	@bash scripts/ensure_chromium.sh
	@bash scripts/ensure_servers.sh
	@bash scripts/test.sh $(BIN)/python

test-slow: install-dev $(NODE_MODULES)  ## the tests that take longer
	@bash scripts/ensure_chromium.sh
	@bash scripts/ensure_servers.sh
	cd frontend && npm run test:slow
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m pytest -m "hypothesis and not slow" --hypothesis-profile=thorough

lint: install-dev $(NODE_MODULES)  ## formatting, lint and types, Python and frontend
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/dg check yaml
	$(BIN)/dg check defs
	cd frontend && npm run lint && npm run check

docs: install-dev  ## docs/ as a site, into build/docs
	$(BIN)/python -m mkdocs build --strict

format: install-dev $(NODE_MODULES)  ## format the code, Python and frontend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd frontend && npm run format
