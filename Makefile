# make run    serve on http://127.0.0.1:7670
# make test   install what the tests need and run all of them
# make test-sqlite      run the tests of the engine, the documents and the control API on worlds in SQLite files
# make test-postgresql  run some of them on PostgreSQL, which it starts itself (ALL=1: all of them)
# make smoke  a selection of the tests across all parts, in about 20 seconds
# make coverage  all tests with lines and branches measured; fails below 95 %, and says what is missing
# make check  what must be green before a commit: format, lint, types, imports, tests
# make golden ask the server 894 recorded requests again and compare every byte of its answers
# make lowest, newest   run a selection of tests with the lowest versions of our dependencies, and with the newest
# make cohabitation  run a user's tests beside the libraries that replace HTTP, time, files and sockets, each alone and all together
# make neighbours  measure how much one client's bad behaviour delays another (10 minutes; SHORT=1: 4 seconds for each load)
# make soak   send mixed traffic for ten minutes, and fail where the server takes more and more, is late or errs (SHORT=1: half a minute;
#             REQUESTS=1000000: so many; WORLDS=100000: and worlds beside them; SEED=…)
# make torture  kill a server that keeps its state in a file 200 times under load, and check what it has kept (SHORT=1: 8 times; SEED=…);
#               let 64 clients ask three servers on one PostgreSQL, kill one, restart PostgreSQL, and check what they hold (SHORT=1: 16)
# make lock    refresh locks/: the versions and hashes of what CI, the image and a developer with LOCKED=1 install (UPGRADE=1: newer ones)
# make audit   look for known vulnerabilities of the locked versions; fails where the advisories cannot be reached
# make sbom    write dist/sbom.cdx.json: what the locked versions are made of, in CycloneDX
# make dist    build the wheel and the sdist in dist/, and check them as the package index does
# make pythons          run it with every other Python of pyproject.toml that this machine has
# make fuzz   ask the server in wrong and strange ways for ten minutes (SECONDS=600), drawn from a SEED that is printed
# make bench  measure beside others and rewrite the table in benchmarks/README.md (about 20 minutes; QUICK=1: one)
# make screenshots   take the documentation's pictures of the page again
# make bench-in-process   measure each operation without a network
# make reference rewrite docs/reference/ and the drawing in docs/architecture.md
# make docs   build the documentation site into .cache/site; warnings are errors
# make docs-serve   show it while you write
# make fixtures   make fixtures/worlds/ again from their seed

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

GOLDEN := contract_tests/golden/corpus.py

.PHONY: run test test-sqlite test-postgresql smoke coverage check lint golden lowest newest cohabitation fuzz neighbours soak torture pythons reference docs docs-serve fixtures bench bench-in-process screenshots system dist clean

run: $(VENV)/run.stamp
	@$(BIN)/mockserver serve

test: $(VENV)/test.stamp system
	$(PYTEST)

SUITES := contract_tests/engine contract_tests/documents contract_tests/admin --ignore contract_tests/admin/page
# What a database could get wrong: numbers and texts of every kind, limits, instants, and the return to a checkpoint.
POSTGRESQL_PART := $(wildcard contract_tests/documents/test_*_samples.py) contract_tests/documents/test_dialogtech_limits.py \
    contract_tests/engine/test_time_in_a_world.py contract_tests/admin/test_clock.py contract_tests/admin/test_checkpoints.py
test-sqlite: $(VENV)/test.stamp system
	$(PYTEST) --state sqlite $(SUITES)

test-postgresql: $(VENV)/test.stamp system
	$(PYTEST) --state postgresql $(if $(ALL),$(SUITES),$(POSTGRESQL_PART))

smoke: $(VENV)/test.stamp
	$(PYTEST) -m smoke

coverage: $(VENV)/test.stamp system
	rm -rf .cache/coverage && mkdir -p .cache/coverage
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(VENV)/test.stamp system lint golden lowest newest cohabitation pythons
	$(PYTEST)

golden: $(VENV)/test.stamp
	$(BIN)/python $(GOLDEN) check $(BIN)/mockserver

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: $(VENV)/test.stamp
	$(BIN)/python docs/generate.py

docs: $(VENV)/test.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

docs-serve: $(VENV)/test.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --dev-addr 127.0.0.1:8000

# What depends most on other packages and on Python: the connection, Flask, world files, one provider, the pytest plugin. One
# test is about the JSON parsers of other languages, and needs their programs.
SELECTION := contract_tests/http contract_tests/worldfile contract_tests/documents/test_mgage_samples.py \
    contract_tests/documents/test_mgage_bad_input.py contract_tests/documents/test_mgage_parameters.py \
    contract_tests/admin/test_pytest_plugin.py \
    -k 'not test_pytest_plugin or passing_test or unittest or marker or leaks' \
    --deselect contract_tests/http/test_fault_effects.py::test_no_parser_of_json_takes_what_is_malformed
UV := VIRTUAL_ENV= UV_LINK_MODE=copy $(BIN)/uv
# Run the selection in an environment of its own: $(call select,NAME,PYTHON,OPTIONS OF UV PIP INSTALL)
select = $(UV) venv --quiet --clear --python $(2) .cache/$(1) \
    && $(UV) pip install --quiet --python .cache/$(1) $(3) --editable '.[selection]' \
    && .cache/$(1)/bin/python -m pytest -q -n $(WORKERS) $(SELECTION)

lowest: $(VENV)/test.stamp
	$(call select,lowest,$(BIN)/python,--resolution lowest-direct)

newest: $(VENV)/test.stamp
	$(call select,newest,$(BIN)/python,--upgrade)

COHABITATION := contract_tests/cohabitation
cohabitation: $(VENV)/test.stamp
	$(UV) venv --quiet --clear --python $(BIN)/python .cache/cohabitation
	$(UV) pip install --quiet --python .cache/cohabitation --editable . -r $(COHABITATION)/requirements.txt
	.cache/cohabitation/bin/python $(COHABITATION)/run.py

fuzz: $(VENV)/test.stamp
	$(BIN)/python -m contract_tests.fuzz --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

neighbours: $(VENV)/test.stamp
	$(BIN)/python -m contract_tests.neighbours $(if $(SHORT),--short)

soak: $(VENV)/test.stamp
	$(BIN)/python -m contract_tests.soak $(if $(SHORT),--short) $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(WORLDS),--worlds $(WORLDS)) $(if $(SEED),--seed $(SEED))

torture: $(VENV)/test.stamp system
	$(BIN)/python -m contract_tests.torture $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m contract_tests.torture.replicas $(if $(SHORT),--short)
	$(if $(SHORT),,$(MAKE) test-postgresql ALL=1)

LOCK := UV_CUSTOM_COMPILE_COMMAND='make lock' $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
    --no-emit-index-url --no-annotate $(if $(UPGRADE),--upgrade)
lock: $(VENV)/test.stamp
	$(LOCK) pyproject.toml --extra test --extra docs --extra selection --output-file locks/test.txt
	$(LOCK) pyproject.toml --extra postgresql --extra yaml --extra metrics --constraints locks/test.txt --output-file locks/run.txt
	printf 'hatchling\nhatch-vcs\n' | $(LOCK) - --constraints locks/test.txt --output-file locks/build.txt

audit: $(VENV)/test.stamp
	@$(UV) tool run --quiet pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement locks/run.txt \
	    || { echo 'make audit failed: the line above names a vulnerability, or a package whose advisories could not be reached: it was not checked' >&2; exit 1; }

dist: $(VENV)/test.stamp
	rm -f dist/*.whl dist/*.tar.gz
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz

sbom: $(VENV)/test.stamp
	@mkdir -p dist
	$(UV) tool run --quiet --from cyclonedx-bom cyclonedx-py requirements locks/run.txt --pyproject pyproject.toml \
	    --output-reproducible --of JSON --output-file dist/sbom.cdx.json

# By its name, or as pyenv has it, which answers to the name only where it is told to.
pythons: $(VENV)/test.stamp
	@set -e; for version in 3.11 3.12 3.13 3.14; do \
	    found=$$(python$$version -c 'import sys; print(sys.executable)' 2>/dev/null \
	        || ls -d $$(pyenv root 2>/dev/null)/versions/$$version.*/bin/python 2>/dev/null | tail -1); \
	    if [ -z "$$found" ]; then echo "Python $$version is not on this machine: nothing was run with it"; continue; fi; \
	    if $(BIN)/python -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$$version')"; then continue; fi; \
	    echo "Python $$version: $$found"; $(call select,python-$$version,$$found); \
	done

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

$(VENV)/test.stamp: pyproject.toml $(if $(LOCKED),locks/test.txt) | $(VENV)/bin/python
ifdef LOCKED
	$(INSTALL) --require-hashes --requirement locks/test.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
else
	$(INSTALL) --editable '.[test,docs]'
endif
	@touch $@ $(VENV)/run.stamp

$(VENV)/bench.stamp: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --editable '.[bench]'
	@touch $@ $(VENV)/run.stamp

clean:
	rm -rf $(VENV) .cache build dist
