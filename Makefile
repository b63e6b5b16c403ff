# The few commands of this project. `make` alone lists them.

PYTHON ?= python3
VENV ?= .venv
# An absolute path, so that a recipe may change its folder.
BIN := $(abspath $(VENV))/bin
LOCK := requirements.lock
DEV_LOCK := requirements-dev.lock
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BUILDING := $(VENV)/.building
# What is imported is compiled once and kept, whatever the shell says: five processes start from it each time.
unexport PYTHONDONTWRITEBYTECODE
# The browser of the browser journeys; without one they are skipped, save in CI.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable)
export CHROMIUM

TEST_WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=
SWEEP_ARGS ?=

# What an environment depends on: the interpreter, the locks, the project's own names and scripts, the folder.
WANTED := import hashlib, pathlib as p, sys, tomllib; \
  t = tomllib.loads(p.Path("pyproject.toml").read_text()); \
  h = hashlib.sha256(b"".join(p.Path(n).read_bytes() for n in sys.argv[1:]) + repr([t["project"], t["build-system"]]).encode()); \
  print(*sys.version_info[:2], h.hexdigest(), p.Path.cwd())

NOT_INSTALLED := The packages could not be installed: see the lines above (no network, or a full disk?), then run the same command again; it repairs what is half done.

# What `make check` asks, one target each; add a line here and a target below.
CHECKS := check-lint check-format check-types check-imports check-templates check-catalogue

.DEFAULT_GOAL := help
.PHONY: help install install-product demo demo-reset test sweep check texts map bench clean $(CHECKS)

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# A stamp holds the hash of what was installed, so an unchanged environment costs one comparison. The mark of a
# build in progress tells a half-built environment from a good one: that is made anew. What runs the product comes
# first (the demo needs no more), the tools of development after it.
install: install-product ## make the environment in .venv from the locks
	@wanted=`$(PYTHON) -c '$(WANTED)' $(LOCK) $(DEV_LOCK)` || exit 1; \
	if [ "`cat $(DEV_STAMP) 2>/dev/null`" = "$$wanted" ]; then exit 0; fi; \
	echo "adding the tools of development"; rm -f $(DEV_STAMP); $(BIN)/python -m ensurepip --default-pip >/dev/null || exit 1; \
	$(PYTHON) infra/fetch.py $(BIN)/python $(LOCK) $(DEV_LOCK) && echo "$$wanted" > $(DEV_STAMP) || { echo "$(NOT_INSTALLED)" >&2; exit 1; }

install-product:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Huikuan needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another one: make $(or $(MAKECMDGOALS),install) PYTHON=python3.12" >&2; exit 1; }
	@wanted=`$(PYTHON) -c '$(WANTED)' $(LOCK)` || exit 1; \
	if [ ! -e $(BUILDING) ] && [ "`cat $(STAMP) 2>/dev/null`" = "$$wanted" ] && $(BIN)/python -c 'import flask, app' 2>/dev/null; then exit 0; fi; \
	if [ -e $(BUILDING) ] || ! $(BIN)/python -c '' 2>/dev/null; then \
	  echo "making the environment in $(VENV) (seconds to a minute, by the network)"; \
	  { $(PYTHON) -c 'import ensurepip' && $(PYTHON) -m venv --clear --without-pip $(VENV) && touch $(BUILDING); } || { \
	    echo "The environment could not be made. On Debian or Ubuntu: apt install python3-venv; else see the lines above (a full disk?)." >&2; exit 1; }; \
	else echo "bringing the environment in $(VENV) up to date"; fi; \
	rm -f $(STAMP) $(DEV_STAMP); touch $(BUILDING) && \
	$(PYTHON) infra/fetch.py $(BIN)/python $(LOCK) . && \
	echo "$$wanted" > $(STAMP) && rm -f $(BUILDING) || { echo "$(NOT_INSTALLED)" >&2; exit 1; }

demo: install-product ## start everything with a demo company; Ctrl-C stops it
	@exec $(BIN)/huikuan demo

demo-reset: install-product ## forget the demo company and start over
	@exec $(BIN)/huikuan demo --reset

test: install ## run every test (DATABASE_URL=… uses that server)
	@if [ -z "$(CHROMIUM)" ] && [ "`id -u`" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing chromium for the browser journeys"; \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || true; fi
	@CHROMIUM="$${CHROMIUM:-`command -v chromium || true`}"; export CHROMIUM; \
	if [ -z "$$CHROMIUM" ]; then \
	  if [ "$(CI)" = true ]; then echo "CI needs a browser: install chromium, or set CHROMIUM." >&2; exit 1; fi; \
	  echo "No Chromium was found: the browser journeys are skipped. Install chromium, or set CHROMIUM to its path."; fi; \
	$(BIN)/python -m pytest -n $(TEST_WORKERS) $(PYTEST_ARGS)

sweep: install ## try the demo on some sixty days and hours over two years (SWEEP_ARGS=2026-10: those); half an hour
	PYTHONPATH=.:platform $(BIN)/python -m tests.support.sweep $(SWEEP_ARGS)

check: install $(CHECKS) ## lint, format, types, import contracts, templates, translations

# Each needs the environment, also under `make -j` or alone.
$(CHECKS): install

check-lint:
	$(BIN)/ruff check .
check-format:
	$(BIN)/ruff format --check .
check-types:
	$(BIN)/mypy
check-imports:
	$(BIN)/lint-imports
check-templates:
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/guards/test_templates.py
check-catalogue:
	$(BIN)/python -m app.catalogue check

texts: install ## bring the Chinese catalogue up to date with the texts in code and templates
	$(BIN)/python -m app.catalogue update

map: install ## write the map of modules in docs/architecture.md, and the index of commands
	$(BIN)/python -m app.outline
	$(BIN)/python -m app.cli.index

bench: install ## measure against the floor in the same run; table and JSON
	$(BIN)/python -m bench $(BENCH_ARGS)

clean: ## delete the environment and the caches; var/ with its data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
