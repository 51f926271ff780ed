VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
REVIEW := I expected it to be dull, but it was wonderful.

.DEFAULT_GOAL := help
.PHONY: help install demo docs examples coverage test unit check audit package bench browser format clean cluster reproduce torture

help:  ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*##/ {printf "make %-9s %s\n", $$1, $$2}' Makefile

install: $(VENV)/core  ## Make .venv with imdb-gru in it

$(VENV)/core: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/dev: $(VENV)/core
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/docs: $(VENV)/dev
	$(BIN)/pip install --quiet --editable '.[docs]'
	@touch $@

demo: install  ## Train on the built-in sample, evaluate and predict
	$(BIN)/imdb-gru train --config sample --run runs/demo --overwrite
	$(BIN)/imdb-gru evaluate --run runs/demo
	$(BIN)/imdb-gru predict --run runs/demo --timesteps "$(REVIEW)"

test: $(VENV)/dev  ## Run the tests
	$(BIN)/pytest --numprocesses auto

unit: $(VENV)/dev  ## Run the quick tests: no Keras, no browser, no processes
	$(BIN)/pytest --numprocesses auto -m "not keras and not processes and not browser and not corpus and not cluster"

check: $(VENV)/dev  ## Verify format, lint, types, import directions and tests; change nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses auto -m "not cluster and not examples"

coverage: $(VENV)/dev  ## Run the tests and report the lines that none of them reaches
	$(BIN)/pytest --numprocesses auto -m "not cluster and not examples" --cov --cov-report=term --cov-fail-under=90

docs: $(VENV)/docs  ## Write the generated pages and build the site into site/
	$(BIN)/python scripts/tools/generate_docs.py
	$(BIN)/imdb-gru explore --run bundled --output docs/live.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

examples: $(VENV)/docs  ## Run the benchmark scripts in small, and the examples that need neither IMDB nor hours
	$(BIN)/pytest -m examples

cluster: $(VENV)/dev  ## Run the tests that start Ray
	$(BIN)/pytest -m cluster

audit: $(VENV)/dev  ## Look the installed packages up among known vulnerabilities
	$(BIN)/pip freeze --exclude-editable > $(VENV)/frozen.txt
	@# without --strict, a package that the service does not know, or no service at all, passes for a clean one
	$(BIN)/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement $(VENV)/frozen.txt || \
		{ echo "audit: failed: vulnerable packages, or some that could not be looked up; see above" >&2; exit 1; }

package: $(VENV)/dev  ## Build the wheel and the sdist, and try both in clean environments
	$(BIN)/python scripts/tools/package.py

format: $(VENV)/dev  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser:  ## Install Chromium, in which pages are tested (Debian or Ubuntu, as root)
	command -v chromium || (apt-get update -qq && apt-get install -y -qq chromium)

reproduce: install  ## Train and evaluate every model in the table of results (an afternoon)
	$(BIN)/python scripts/tools/reproduce.py

bench: $(VENV)/dev  ## Time the model in the package, and training, prediction and start-up against Keras (20 minutes)
	$(BIN)/python scripts/benchmarks/bundled.py
	$(BIN)/python scripts/benchmarks/benchmark.py train
	test -d runs/bench || $(BIN)/imdb-gru train --config scratch --run runs/bench --set train.objective=linear --set train.epochs=2
	$(BIN)/python scripts/benchmarks/benchmark.py predict runs/bench
	$(BIN)/python scripts/benchmarks/benchmark.py startup runs/bench

torture: $(VENV)/dev  ## Kill commands at random moments and fill their disk (half an hour)
	$(BIN)/python scripts/torture/torture.py

clean:  ## Remove .venv and all caches; runs/ stays
	rm -rf $(VENV) site .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
