# make help says what there is. PYTHON names the interpreter, ARGS goes on: make run ARGS="--seconds 60"
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
# Most tests wait for sockets and foreign programs: three at a time suit two cores; who
# has nothing left takes tests from the others. Where Python may keep no compiled
# files, each worker and each of the hundreds of processes would compile everything anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n 3 --dist worksteal
OURS := tests --ignore=tests/shared
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast test-long check fmt docs lock test-setup

help:
	@echo "make setup      the virtual environment .venv with the connector command"
	@echo "make run        the demo: simulated rooms, real protocols; a page on a loopback port (ARGS=\"--seconds 60\")"
	@echo "make test-fast  the tests that start no program (ARGS=\"-k zoom\")"
	@echo "make test       every test that needs nothing outside this folder"
	@echo "make test-long  the same beside two busy loops, ten times in a row, with four times the random histories"
	@echo "make check      ruff, mypy --strict and the import walls"
	@echo "make fmt        what ruff can mend by itself, and the format"
	@echo "make docs       the tables in docs/reference that are made from the code"
	@echo "make lock       requirements/*.txt, after a change in pyproject.toml (ARGS=--upgrade: newer versions)"
	@echo ""
	@echo "PYTHON=python3.12 chooses the interpreter (3.11 or newer). Each installs what it needs, once."

setup:
	@$(PYTHON) scripts/setup.py run

run: setup
	@$(BIN)/connector demo $(ARGS)

test-setup:
	@$(PYTHON) scripts/setup.py test

test-fast: test-setup
	$(PYTEST) $(OURS) -m fast $(ARGS)

test: test-setup
	@$(PYTHON) scripts/setup.py programs
	$(PYTEST) $(OURS) --durations=10 $(ARGS)

test-long: test-setup
	@$(PYTHON) scripts/setup.py programs
	CONNECTOR_TEST_ROUNDS=4 $(PYTHON) scripts/busy.py 2 10 $(PYTEST) $(OURS) $(ARGS)

check: test-setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

fmt: test-setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: test-setup
	$(BIN)/python docs/generate.py

lock:
	@$(PYTHON) scripts/setup.py lock
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) --extra test -c requirements/run.txt pyproject.toml -o requirements/test.txt
	printf 'hatchling\neditables\n' | $(COMPILE) - -o requirements/build.txt
	printf 'Cython>=3.0.3,<4\nsetuptools\n' | $(COMPILE) - -o requirements/build-test.txt
	printf 'uv\n' | $(COMPILE) - -o requirements/lock.txt
