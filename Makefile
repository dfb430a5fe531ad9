# Targets set up what they need on first use; this takes Python 3.11+ and a package index.
PYTHON ?= python3
SEEDS  ?= seeds/
UV_VERSION := 0.13.9
BIN := .venv/bin
UV  := $(or $(shell command -v uv),.uv/bin/uv)
SYNC = UV_PYTHON_DOWNLOADS=never $(UV) sync --frozen --quiet --python $(PYTHON)

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-long screenshots check format lint types imports bench bench-stages bench-race bench-rules bench-sources bench-clean bench-dedup bench-tags chaos fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: .venv/run.stamp ## ingest seeds/ with an embedded broker and store, and print the records
	@$(BIN)/worker run $(SEEDS) --exclude expected.jsonl

test: .venv/dev.stamp ## run the tests on private real servers, several at once (minutes)
	@$(BIN)/pytest -n auto --dist worksteal

test-fast: .venv/dev.stamp ## run the tests that start no other process (under a minute)
	@$(BIN)/pytest -n 3 --dist worksteal -m 'not processes and not long' --hypothesis-profile fast \
		--deselect tests/linear/test_patterns.py::test_no_pattern_grows_faster_than_its_text

test-long: .venv/dev.stamp ## run what takes long, before a release: faults, races, a browser, made-up inputs
	@$(SYNC) --extra dev --extra browser
	@$(BIN)/pytest -n auto --dist worksteal -m 'long or hypothesis' --hypothesis-profile thorough

screenshots: .venv/dev.stamp ## write pictures of the console into docs/images; needs Chromium
	@$(SYNC) --extra dev --extra browser
	@$(BIN)/python -m devtools.console_screenshots docs/images

check: format lint types imports test ## check format, lint, types and import rules, and run all tests

format: .venv/dev.stamp ## check the format
	@$(BIN)/ruff format --check

lint: .venv/dev.stamp ## lint with ruff
	@$(BIN)/ruff check

types: .venv/dev.stamp ## check types with mypy --strict
	@$(BIN)/mypy

imports: .venv/dev.stamp ## check that imports point down only
	@$(BIN)/lint-imports

bench: .venv/dev.stamp ## compare CPU, rate and latency with a usual stack and a floor; QUICK=1, DATA=folder
	@$(SYNC) --extra dev --extra bench
	@mkdir -p var/bench
	@$(BIN)/python -m bench.peer $(if $(DATA),--data $(DATA)) $(if $(QUICK),--quick) --json var/bench/peer.json

bench-stages: .venv/dev.stamp ## measure in which part of this worker the CPU time goes; DATA=folder
	@$(BIN)/python -m bench.peer.stages $(if $(DATA),--data $(DATA))

bench-race: .venv/dev.stamp ## enqueue copies at the same time in processes that are killed; check clusters
	@$(BIN)/python -m bench.race

bench-dedup: .venv/dev.stamp ## compare deduplication with datasketch and rensa; DATA=folder of texts
	@$(SYNC) --extra dev --extra bench
	@$(BIN)/python -m bench.dedup $(or $(DATA),$(error DATA=FOLDER is missing: see devtools/news_corpora.py))

bench-clean: .venv/dev.stamp ## compare main text with other extractors; DATA=folder of pages
	@$(SYNC) --extra dev --extra bench --extra train
	@$(BIN)/python -m bench.clean --folds var/bench $(or $(DATA),$(error DATA=FOLDER is missing: see bench/pages.py))

chaos: .venv/dev.stamp ## break workers, broker and store repeatedly, and count losses (45 minutes)
	@$(BIN)/python -m bench.chaos --write docs/reliability.md

bench-rules: .venv/dev.stamp ## measure tagging rules by number of phrases; TEXTS=file PHRASES=file, or generated texts
	@$(BIN)/python -m bench.rules $(if $(TEXTS),--texts $(TEXTS)) $(if $(PHRASES),--phrases $(PHRASES))

bench-sources: .venv/dev.stamp ## measure how soon silent sources are noticed, and false alarms; REUTERS=file
	@$(BIN)/python -m bench.silence $(if $(REUTERS),--reuters $(REUTERS))

bench-tags: .venv/dev.stamp ## measure accuracy and speed of tagging; DATA=folder VECTORS=file
	@$(SYNC) --extra dev --extra bench
	@$(BIN)/python -m bench.tags --data $(DATA) --vectors $(VECTORS)

fuzz: .venv/dev.stamp ## fuzz cleaning for SECONDS (60); Linux only
	@$(SYNC) --extra dev --extra fuzz
	@mkdir -p var/fuzz && $(BIN)/python -m tests.clean.fuzz -max_total_time=$(or $(SECONDS),60) var/fuzz

clean: ## stop the embedded broker, and remove all generated files
	@if [ -x $(BIN)/worker ]; then $(BIN)/worker down || true; fi
	@rm -rf .venv .uv var dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@echo "setting up (once) …"
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/run.stamp: pyproject.toml uv.lock | $(UV)
	@$(SYNC) --inexact --extra web
	@touch $@

.venv/dev.stamp: pyproject.toml uv.lock | $(UV)
	@$(SYNC) --extra dev
	@touch $@ .venv/run.stamp
