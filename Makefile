# CloudChat. `make help` lists what there is; `make run` is all that a newcomer needs.

OURS := .venv/bin/python
ARGS ?=
# A worker for each core, the tests of a file together in one; ARGS="-n 0": all in this process.
PYTEST := $(OURS) -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help run test bench chaos lint format texts setup pins audit clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is missing and run everything until Ctrl-C (PORT=5001 make run: another port)
	@scripts/setup run
	@exec $(OURS) -m cloudchat.local

test: ## install what tests need and run them (ARGS="-k inbox -x": some of them)
	@scripts/setup test
	@exec $(PYTEST) $(ARGS)

bench: ## measure; prints one JSON document
	@scripts/setup test
	@exec $(OURS) -m tests.bench $(ARGS)

chaos: ## kill, fill and delay everything under load; one line a case (ARGS="--only F5,F8 --load 0.3")
	@scripts/setup test
	@exec $(OURS) -m tests.chaos $(ARGS)

lint: ## check style, imports and templates
	@scripts/setup test
	@scripts/lint

format: ## put the Python files into shape
	@scripts/setup test
	@$(OURS) -m ruff check --fix .
	@$(OURS) -m ruff format .

texts: ## collect new texts of code and templates into translations/
	@scripts/setup run
	@scripts/texts

setup: ## install what `make run` needs, without running it
	@scripts/setup run

pins: ## write requirements*.txt anew from requirements*.in
	@scripts/setup run
	@scripts/pins

audit: ## look the pinned Python packages up among the known vulnerabilities
	@scripts/setup test
	@$(OURS) scripts/audit.py

clean: ## remove what was installed and made here; the data in var/ stays
	@rm -rf .venv node_modules static/vendor .pytest_cache .ruff_cache .hypothesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
