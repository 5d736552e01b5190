# `make demo` and `make test` set up all they need; `make help` lists the rest.
# ARGS goes to the command at the end: make test ARGS="-k journal", make demo ARGS="--rate 100".

PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config
ARGS ?=
PLUGINS := $(wildcard plugins/*/edge_*)

# Debian keeps mosquitto in a folder that a user's PATH often lacks.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin

.DEFAULT_GOAL := help
.PHONY: demo test check lint format bench soak lock clean help setup setup-demo

demo: setup-demo ## broker, simulated plant, service and page; Ctrl-C ends all of it
	@$(BIN)/edge demo $(ARGS)

test: setup lint ## static checks and every test that can run on this machine
	@$(BIN)/python -m pytest $(ARGS)

check: setup lint ## the static checks, and the settings in config/
	@$(BIN)/edge check --config $(CONFIG)

lint: setup ## ruff, mypy and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy edge tools $(PLUGINS)
	@$(BIN)/lint-imports --no-cache

format: setup ## write the code in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## speed and memory on this machine, beside the ceiling measured in the same run (minutes)
	@$(BIN)/python -m bench $(ARGS)

soak: setup ## the restart tests at full length: kills, broker restarts, pauses (many minutes)
	@$(BIN)/python -m tests.soak $(ARGS)

lock: setup ## resolve requirements.lock anew from pyproject.toml (needs the network)
	@$(BIN)/python tools/lock.py

clean: ## remove the virtual environment, caches and demo data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo-data
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup:
	@$(PYTHON) tools/setup.py test

setup-demo:
	@$(PYTHON) tools/setup.py demo
