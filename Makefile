# `make help` lists the targets. Each is a few lines, so that the README, a person and CI all run the same thing.
# The environment decides where pip gets its packages from and OPENSTACK_RCA_HOME where the demo keeps its state.

VENV ?= .venv
SWIFT_VENV ?= .venv-swift
PYTEST_FLAGS ?=
# Browser tests and tests behind a failing network: minutes each, of features that are not finished.
SLOW_TESTS ?= tests/dashboard tests/lifecycle/test_lifecycle_flaky.py tests/lifecycle/test_lifecycle_access.py \
  tests/lifecycle/test_lifecycle_policy.py tests/lifecycle/test_lifecycle_manual.py tests/lifecycle/test_lifecycle_secrets.py
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format wheel reference system-packages clean clean-all $(SWIFT_VENV)

help: ## list the targets
	@echo "Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
	@echo "Variables: PYTHON (interpreter to start from, 3.11 or later), PYTEST_FLAGS, VENV"

demo: $(VENV)/.installed ## install, train on samples/, answer a sample incident, say where everything is
	@$(BIN)/openstack-rca demo

test: system-packages lint $(SWIFT_VENV)/.installed ## everything that checks: ruff, mypy, pytest
	@echo "Left out here: $(SLOW_TESTS). 'make test-all' runs them too."
	@$(BIN)/python -m pytest $(addprefix --ignore=,$(SLOW_TESTS)) $(PYTEST_FLAGS); status=$$?; scripts/missing-packages; exit $$status

test-all: SLOW_TESTS =
test-all: test ## everything, with the browser and the fault tests that take long

lint: $(VENV)/.installed-dev ## ruff check, ruff format --check, mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.installed-dev ## let ruff repair and format the sources
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

wheel: $(VENV)/.installed-dev ## build dist/openstack_rca-*.whl, samples included
	@$(BIN)/python -m build --wheel --no-isolation

reference: $(VENV)/.installed-dev ## write docs/commands.md anew from the help texts
	@$(BIN)/python scripts/make_command_reference.py

system-packages: ## install what the tests need from the distribution (root and apt; else says what is left out)
	@scripts/install-packages

clean: ## remove what was built and cached here; environments, models and runs stay
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} +

clean-all: clean ## the same, and the environments
	rm -rf $(VENV) $(SWIFT_VENV)

$(VENV)/.installed: pyproject.toml
	@scripts/make-venv $(VENV) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	@scripts/make-venv $(VENV) -e '.[dev]'
	@touch $(VENV)/.installed $@

$(SWIFT_VENV): $(SWIFT_VENV)/.installed

$(SWIFT_VENV)/.installed: scripts/swift-requirements.txt
	@scripts/make-venv $(SWIFT_VENV) -r scripts/swift-requirements.txt
	@touch $@
