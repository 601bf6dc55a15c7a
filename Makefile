# make help says what there is. PYTHON names the interpreter, ARGS goes to the demo: make run ARGS="--seconds 60"
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check test-setup

help:
	@echo "make setup   the virtual environment .venv with the connector command"
	@echo "make run     the demo: simulated rooms, real protocols; a page on a loopback port (ARGS=\"--seconds 60\")"
	@echo "make test    every test that needs nothing outside this folder"
	@echo "make check   ruff, mypy --strict and the import walls"
	@echo ""
	@echo "PYTHON=python3.12 chooses the interpreter (3.11 or newer). Each installs what it needs, once."

setup:
	@$(PYTHON) scripts/setup.py run

run: setup
	@$(BIN)/connector demo $(ARGS)

test-setup:
	@$(PYTHON) scripts/setup.py test

test: test-setup
	@$(PYTHON) scripts/setup.py programs
# Most tests wait for sockets and foreign programs: three at a time suit two cores.
	$(BIN)/pytest tests --ignore=tests/shared -n 3 --dist loadfile --durations=10

check: test-setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
