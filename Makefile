.PHONY: help setup quickstart test check clean

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: ## Install everything into .venv
	scripts/setup

quickstart: ## Set up and run the example sweep on this machine
	scripts/quickstart

test: ## Set up and run the whole test suite
	scripts/test

check: ## All that CI checks: lint, format, types, import rules, tests
	scripts/check

clean: ## Remove what was made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info
