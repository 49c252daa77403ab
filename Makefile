# make run    serve on http://127.0.0.1:7670
# make test   install what the tests need and run all of them
# make check  what must be green before a commit: format, lint, types, imports, tests
# make golden ask the server 894 recorded requests again and compare every byte of its answers
# make bench  measure beside others and rewrite the table in benchmarks/README.md (about 20 minutes; QUICK=1: one)
# make screenshots   take the README's pictures of the page again
# make bench-in-process   measure each operation without a network
# make reference rewrite docs/reference/ and the drawing in docs/architecture.md
# make fixtures   make fixtures/worlds/ again from their seed

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
WORKERS ?= auto

GOLDEN := contract_tests/golden/corpus.py

.PHONY: run test check lint golden reference fixtures bench bench-in-process screenshots system clean

run: $(VENV)/run.stamp
	@$(BIN)/mockserver serve

test: $(VENV)/test.stamp system
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(VENV)/test.stamp system lint golden
	$(BIN)/python -m pytest -n $(WORKERS)

golden: $(VENV)/test.stamp
	$(BIN)/python $(GOLDEN) check $(BIN)/mockserver

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: $(VENV)/test.stamp
	$(BIN)/python docs/generate.py

fixtures: $(VENV)/test.stamp
	$(BIN)/mockserver fixtures make

bench: $(VENV)/bench.stamp
	$(BIN)/python -m compileall -q mockserver  # as pip does when it installs
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

screenshots: $(VENV)/test.stamp system
	$(BIN)/python -m pytest -q contract_tests/admin/page/test_screenshots.py --screenshots docs

bench-in-process: $(VENV)/test.stamp
	$(BIN)/python -m pytest benchmarks/in_process -p no:xdist --benchmark-sort=name --benchmark-columns=min,median,rounds

# Real clients are programs of their own: PHP with curl and XML, Node, Java, Perl, Ruby, Chromium.
system:
	@./contract_tests/clients/install-programs

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --editable '.[test]'
	@touch $@ $(VENV)/run.stamp

$(VENV)/bench.stamp: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --editable '.[bench]'
	@touch $@ $(VENV)/run.stamp

clean:
	rm -rf $(VENV) .cache build dist
