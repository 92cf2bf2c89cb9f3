# The one list of commands, the same on a laptop and in CI. A newcomer needs `make run` and `make test`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY)  ## Create .venv with everything that running and testing needs

run: $(READY)  ## Run the worker on the embedded gateway with example jobs; ARGS=--once ends after them
	@$(BIN)/rest-connector dev $(ARGS)

test: $(READY) check  ## Check and run the whole suite; what the machine lacks parts for is named
	@$(BIN)/python -m pytest $(ARGS)

check: $(READY)  ## Format, lint, types, import contracts, templates, chart, image
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/rest-connector templates build --check
	@$(BIN)/rest-connector validate templates
	@$(BIN)/python -m tests.chart.lint
	@$(BIN)/hadolint Dockerfile

fmt: $(READY)  ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

zeebe: $(READY)  ## Run a real Zeebe broker on port 26500 (needs Maven; finds or brings Java 21 or newer)
	@$(BIN)/python -m worker.dev.broker

bench: $(READY)  ## Compare with the peers and write the tables (half an hour); ARGS="load|steady|feel|faults|scale|process ..." one of them
	@$(BIN)/python -m bench $(ARGS)

soak: $(READY)  ## An hour at 500 jobs/s, with a plot and figures in docs; ARGS="--minutes 5 --rate 250"
	@$(BIN)/python -m bench soak --write $(ARGS)

fuzz: $(READY)  ## 200,000 random expressions against the FEEL sandbox (minutes)
	@$(BIN)/python -m tests.properties.fuzz_feel 200000

image: $(READY)  ## Build the image without Docker (buildah, debootstrap, root) and prove it on a real Zeebe
	@$(BIN)/python -m tests.image.prove

cluster: $(READY)  ## Install the chart on a real Kubernetes API server (Go, etcd; builds it once)
	@$(BIN)/python -m tests.cluster.admit

docs: $(READY)  ## Write the generated documentation again
	@$(BIN)/python -m docs.generate

pictures: $(READY)  ## Take the pictures of the templates' forms again
	@$(BIN)/python -m pytest -q tests/browser
	@mkdir -p docs/images && cp .cache/modeler/pictures/*.png docs/images/

lock: $(READY)  ## Resolve the dependencies again and write the hash-pinned lock files
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml requirements/dev.in -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/build.in -o requirements/build.txt

.PHONY: help setup run test check fmt zeebe bench soak fuzz image cluster docs pictures lock
