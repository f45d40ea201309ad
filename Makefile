# The two commands: `make run` and `make test`. Each sets up what it needs and repeats nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
UI := src/agentmonitor/server/ui/index.html
UI_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -type f -print)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test check build wheel contract bench lock prices openapi clean help

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

run: $(STAMPS)/run $(UI) ## Set up, build the dashboard, serve it on http://127.0.0.1:3141/
	@exec $(BIN)/agentmonitor serve $(ARGS)

test: $(STAMPS)/dev $(UI) ## Set up and run all tests (ARGS="-k name" to choose)
	cd frontend && npm test --silent
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(STAMPS)/dev frontend/node_modules/.stamp ## Lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd frontend && npm run --silent check && npm run --silent lint

build: $(UI) ## Build the dashboard into the package

wheel: $(STAMPS)/dev $(UI) ## Build the wheel into dist/
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

contract: $(STAMPS)/dev ## Run the contract suite; URL=http://… runs it against any server
	$(BIN)/python -m pytest tests/contract $(if $(URL),--url $(URL)) $(ARGS)

bench: $(STAMPS)/dev $(UI) ## Run the benchmarks (ARGS="--quick", "--only ingest,read")
	$(BIN)/python -m benchmarks $(ARGS)

lock: $(STAMPS)/dev ## Pin the dependencies anew, with hashes
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --group install -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --group dev -o requirements/dev.lock

prices: $(STAMPS)/dev ## Compile the price catalogue anew from the pinned genai-prices
	$(BIN)/python scripts/build_prices.py

openapi: $(STAMPS)/dev frontend/node_modules/.stamp ## Write the OpenAPI file and the dashboard's types anew
	$(BIN)/python -m scripts.build_openapi
	cd frontend && npm run --silent schema

clean: ## Remove what was built and installed
	rm -rf $(VENV) dist frontend/node_modules src/agentmonitor/server/ui

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "AgentMonitor needs Python 3.11 or newer: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/run: requirements/run.lock pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes -r requirements/run.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/run
	$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@

frontend/node_modules/.stamp: frontend/package-lock.json
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || \
	  { echo "AgentMonitor needs Node 20 or newer to build the dashboard."; exit 1; }
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(UI): frontend/node_modules/.stamp $(UI_SOURCES)
	cd frontend && npm run --silent build
	@touch $@
