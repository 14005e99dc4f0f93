# Everything runs inside .venv and .cache; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis

.DEFAULT_GOAL := help
.PHONY: help demo test check golden dashboards docs bench e2e timed mutate clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/installed: pyproject.toml constraints.txt
	@echo 'Installing llama-metrics and what it needs into .venv (once)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# It promises to leave no file outside .cache and .venv.
demo: export PYTHONDONTWRITEBYTECODE := 1
demo: .venv/installed ## a simulated Ollama under the real stack, no Docker needed (DEMO_SECONDS=120 ends by itself)
	@$(BIN)/python -m tools.demo

test: check ## everything that proves the project: checks, unit, golden, rules, dashboards, integration
	$(BIN)/python -m pytest

check: .venv/installed ## ruff, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

golden: .venv/installed ## rewrite the golden pages and the catalogue; then read the diff
	$(BIN)/python -m pytest tests/golden --update-golden

dashboards: .venv/installed ## rewrite dashboards/grafana from the code in dashboards/
	$(BIN)/python -m dashboards

docs: .venv/installed ## rewrite docs/METRICS.md from the catalogue
	$(BIN)/llama-metrics metrics --markdown > docs/METRICS.md

bench: .venv/installed ## the budgets, as ratios measured in one run
	$(BIN)/python -m tests.bench

mutate: .venv/installed ## small wrong changes to the rules: does some case notice each? (RULE=OllamaDown: that one alone)
	@$(BIN)/python -m tests.rules $(RULE)

timed: .venv/installed ## faults on simulated hosts, each notification timed against its promise (half an hour)
	@$(BIN)/python -m tools.timed

e2e: .venv/installed ## the compose file on a real Docker engine
	$(BIN)/python -m pytest tests/e2e --durations=3

clean: ## remove what make made
	rm -rf .venv .cache
