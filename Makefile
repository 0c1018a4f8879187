# Every target sets up what it needs by itself; a bare checkout wants only python3 (3.11+) and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

# A machine may forbid Python to keep bytecode: a server's start would then compile every module anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo serve test cover check bench soak scale mutants

help: ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: $(VENV)/.app ## a whole shop to try, at http://127.0.0.1:8000/
	@$(BIN)/wismo demo $(ARGS)

serve: $(VENV)/.app ## run wismo (see .env.example)
	@$(BIN)/wismo serve $(ARGS)

test: $(VENV)/.dev ## everything, on SQLite and PostgreSQL
	@$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal --whole-suite $(ARGS)

cover: $(VENV)/.dev ## the same, and which lines and branches it reaches (twice the time)
	@$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal --cov $(ARGS)

check: $(VENV)/.dev ## format, lint, types, imports and the fast tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -m fast --quiet --numprocesses=2 --dist=worksteal --hypothesis-profile=check tests/domain tests/house

bench: $(VENV)/.dev ## the benchmarks, one figure per line (ARGS=--quick)
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/.dev ## 200 kills under load
	@WISMO_KILLS=200 $(BIN)/python -m pytest tests/faults $(ARGS)

scale: $(VENV)/.dev ## PostgreSQL, two apps, two workers and a clock, as processes
	@$(BIN)/python -m tests.scale $(ARGS)

mutants: $(VENV)/.mutants ## mistakes planted in the rules: how many do the tests notice? (ARGS=--quick)
	@$(BIN)/python -m tests.mutants $(ARGS)

# The stamps: a folder is up to date until pyproject.toml or constraints.txt changes.

$(VENV)/.app: $(VENV)/.installer
	@echo "Installing wismo into $(VENV) ..."
	@$(call install,-e .)
	@touch $@

$(VENV)/.dev: $(VENV)/.app
	@echo "Installing the tools for tests into $(VENV) ..."
	@$(call install,-e '.[postgres]' --group dev)
	@touch $@

$(VENV)/.mutants: $(VENV)/.dev
	@$(call install,--group mutants)
	@touch $@

# uv is many times faster than pip. Where it cannot be had, or does not get through (it ignores
# pip's settings), a current pip does the same.
$(VENV)/.installer: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "wismo needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv || \
		echo "uv cannot be installed here; pip takes over." >&2
	@touch $@

define install
{ $(BIN)/python -c 'import uv' 2>/dev/null && \
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --constraint constraints.txt $(1); } || \
{ $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' && \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(1); }
endef
