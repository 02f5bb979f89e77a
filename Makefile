# Mendway. `make help` lists what there is.
#
# Everything runs from this checkout: the Python environment is .venv, data goes to MENDWAY_DATA (default .data).

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# A Python of 3.11 or later: the system's own first, since the system's packages belong to it.
PYTHON ?= $(shell for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$python"; break; fi; done)
VENV := .venv/bin
WORKERS ?= 2

export PYTHONPATH := $(CURDIR)

.PHONY: help run setup packages test test-fast test-slow test-interop check format lint types rooms migrations
.PHONY: openapi openapi-drift contract release-contract bench bench-queue lock logs

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@printf '%b\n' "  PORT, MENDWAY_DATA and the rest of .env.example change where and with what; WORKERS is how many\n  processes pytest uses (2)."

run: python ## Start everything on this machine (Ctrl-C stops it)
	@"$(PYTHON)" -m machine.bootstrap --steps 9
	@exec $(VENV)/python -m machine.run

setup: python ## Install what is missing: system packages and the Python environment
	@"$(PYTHON)" -m machine.bootstrap

packages: python ## Install only the missing system packages (as root: sudo make packages)
	@"$(PYTHON)" -B -m machine.bootstrap --only-packages

test: test-fast test-slow ## Every test, against a real PostGIS and a real S3 server of its own

test-fast: setup ## The tests that take under two seconds each
	@$(VENV)/python -m pytest -n $(WORKERS) -m "not slow and not interop"

test-slow: setup ## The tests that kill and restart whole servers
	@$(VENV)/python -m pytest -m "slow and not interop"

test-interop: setup ## Outside programs: makers of clients, linters, a fuzzer (installs them into .cache)
	@$(VENV)/python -m pytest -m interop tests/interop

check: format lint types rooms migrations openapi-drift contract test-fast ## All that must hold before a commit

format: setup ## Is all code formatted (ruff format; to do it: .venv/bin/ruff format)
	@$(VENV)/ruff format --check --quiet . || { echo "Not formatted; run: .venv/bin/ruff format"; exit 1; }

lint: setup ## ruff
	@$(VENV)/ruff check --quiet .

types: setup ## mypy
	@$(VENV)/mypy

rooms: setup ## Who may import whom (import-linter)
	@$(VENV)/lint-imports --no-logo

migrations: setup ## Do migrations and tables agree (on an empty throw-away database)
	@$(VENV)/python -m api.commands check-migrations

openapi: setup ## Write openapi.yaml anew from the code
	@$(VENV)/python -m api.commands write-openapi

openapi-drift: setup ## Is openapi.yaml what the code says
	@$(VENV)/python -m api.commands write-openapi --check

contract: setup ## Does openapi.yaml keep what the last release promised
	@$(VENV)/python -m api.commands check-contract

release-contract: openapi-drift ## Keep openapi.yaml as the contract of a release (ARGS=--again writes over one nobody has seen)
	@$(VENV)/python -m api.commands release-contract $(ARGS)

bench: setup ## Measure intake against plain Flask, pgbench and the ORM (prints a table, writes JSON)
	@$(VENV)/python -m bench

bench-queue: setup ## Measure the desk's queue with 10,000 and 1,000,000 reports (ten minutes; ARGS="--rounds 3")
	@$(VENV)/python -m bench.queue $(ARGS)

lock: setup ## Choose versions anew: requirements.in to requirements.lock (UPGRADE=1 takes newer ones)
	@for asked in requirements $(basename $(wildcard tests/interop/locks/*.in)); do \
		UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/python -m uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade) -o $$asked.lock $$asked.in; done
	@"$(PYTHON)" -m machine.bootstrap

logs: ## Follow the logs of a running instance
	@tail -n 20 -F $(or $(MENDWAY_DATA),.data)/logs/*.log

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (on Debian and Ubuntu: sudo apt-get install python3)."; exit 1; }

setup test-fast test-slow test-interop format lint types rooms migrations openapi openapi-drift contract bench bench-queue lock: python
