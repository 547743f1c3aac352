# `make help` lists the targets. Each is a few lines, so that the README, a person and CI all run the same thing.
# The environment decides where pip gets its packages from and OPENSTACK_RCA_HOME where the demo keeps its state.

VENV ?= .venv
SWIFT_VENV ?= .venv-swift
PYTEST_FLAGS ?=
# Files are shared out between so many processes (auto: one more than processors); each starts servers of its own.
TEST_WORKERS ?= auto
# How many changes `make mutate` draws; 0: all of them.
SAMPLE ?= 60
# Which extra `make wheel-check` tries; empty: all.
EXTRA ?=
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint format wheel wheel-check reference mutate system-packages clean clean-all $(SWIFT_VENV)

help: ## list the targets
	@echo "Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
	@echo "Variables: EXTRA, PYTHON (interpreter to start from, 3.11 or later), PYTEST_FLAGS, ROOM, SAMPLE, TEST_WORKERS, VENV"

demo: $(VENV)/.installed ## install, train on samples/, answer a sample incident, say where everything is
	@$(BIN)/openstack-rca demo

test: system-packages lint $(SWIFT_VENV)/.installed ## everything that checks: ruff, mypy, pytest
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS); status=$$?; scripts/missing-packages; exit $$status

lint: $(VENV)/.installed-dev ## ruff check, ruff format --check, mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.installed-dev ## let ruff repair and format the sources
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

wheel: $(VENV)/.installed-dev ## build dist/openstack_rca-*.whl, samples included
	@$(BIN)/python -m build --wheel --no-isolation

wheel-check: $(VENV)/.installed-dev ## install the wheel with each extra (or EXTRA) into an empty environment, use and weigh it: minutes, gigabytes
	@$(BIN)/python scripts/check_wheel.py $(EXTRA)

reference: $(VENV)/.installed-dev ## write docs/commands.md and the tables of docs/signatures.md and docs/logs.md anew
	@$(BIN)/python scripts/make_command_reference.py
	@$(BIN)/python scripts/make_signature_table.py
	@$(BIN)/python scripts/make_format_table.py

mutate: $(VENV)/.installed-dev ## change the sources of ROOM place by place: do its tests notice? (SAMPLE=0 for every place)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mutate]'
	@$(BIN)/python scripts/mutate.py $(ROOM) --sample $(SAMPLE)

system-packages: ## install what the tests need from the distribution (root and apt; else says what is left out)
	@scripts/install-packages

clean: ## remove what was built and cached here; environments, models and runs stay
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} +

clean-all: clean ## the same, and the environments
	rm -rf $(VENV) $(SWIFT_VENV)

$(VENV)/.installed: pyproject.toml
	@scripts/make-venv $(VENV) -e '.[all]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	@scripts/make-venv $(VENV) -e '.[dev]'
	@touch $(VENV)/.installed $@

$(SWIFT_VENV): $(SWIFT_VENV)/.installed

$(SWIFT_VENV)/.installed: scripts/swift-requirements.txt
	@scripts/make-venv $(SWIFT_VENV) -r scripts/swift-requirements.txt
	@touch $@
