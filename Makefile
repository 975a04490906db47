# make book | serve | lab | test | oldest | bench | verify | lint; see README.md
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
READY := .venv/.ready
SHELL := bash
.SHELLFLAGS := -eo pipefail -c
.PHONY: book serve lab test oldest bench verify lint chromium env clean FORCE

# What pages are made of. Python starts only where one of these is newer than the site, or was added or removed.
INPUTS := $(sort $(shell find notebooks pppkit book -type f \
  \( -path 'notebooks/*.ipynb' -o -path 'pppkit/*.py' -o -path 'pppkit/*/static/*' -o -path 'book/*' \) \
  -not -path 'book/_build/*' -not -path 'book/notebooks/*' -not -path '*/.*' -not -name '*.lock'))
LISTED := book/_build/inputs.txt
BUILT := book/_build/html/.built

book: $(BUILT)
	@echo "The book is at $(CURDIR)/book/_build/html/index.html"

$(BUILT): $(READY) $(LISTED) $(INPUTS)
	@touch $(LISTED).start # what changes while the site is made is newer than this
	@$(BIN)/python -m pppkit.book build
	@touch -r $(LISTED).start $@

$(LISTED): FORCE
	@mkdir -p $(@D)
	@echo "$(INPUTS)" | cmp --silent - $@ || echo "$(INPUTS)" > $@

serve: book
	@echo "Serving http://127.0.0.1:$(PORT)/"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory book/_build/html

lab: env
	@$(BIN)/jupyter lab --notebook-dir notebooks

test: env chromium
	@$(MAKE) --no-print-directory --jobs 2 lint book
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder --durations 25 -m "not browser" pppkit tests
	@OMP_NUM_THREADS=1 $(BIN)/pytest --nbval-lax -n 2 --dist loadfile --durations 10 notebooks
	@$(BIN)/pytest -m browser -n 2 --durations 10 tests/browser

bench: env
	@$(BIN)/python -m tests.benchmarks

# A random handful of published rows, computed again: make verify ARGS="--count 5 --path satellite=FOLDER --path cifar10=FOLDER"
verify: env
	@OMP_NUM_THREADS=1 $(BIN)/python -m pppkit.experiments verify $(ARGS)

# The core's tests beside the oldest versions that pyproject.toml allows (a download of 3 GB)
oldest: env
	@PPPKIT_OLDEST=1 $(BIN)/pytest -s tests/test_package.py -k oldest

lint: env
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/mypy

env: $(READY)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("pppkit needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

# A browser for the tests: the system's, else Debian's package, else playwright's own download.
chromium: env
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  if command -v apt-get >/dev/null; then \
	    as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	    $$as_root apt-get update -qq && $$as_root apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	  else $(BIN)/playwright install chromium; fi

clean:
	rm -rf book/_build book/notebooks
