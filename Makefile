# What can be made here. Each target first makes the virtual environment .venv, when there is none or when
# pyproject.toml, constraints.txt or the native core have changed since; its stamp remembers when that was.
#
#     make demo     learn a built-in pedal from a built-in guitar, into demo/ (about two minutes)
#     make test     every test
#     make check    style, and what a linter finds
#     make bench    measure what the documents claim, into benchmarks/RESULTS.md
#     make clean    throw away .venv, demo/, build/ and all caches

PYTHON ?= python3
IN := .venv/bin/python -m
STAMP := .venv/stamp

.PHONY: demo test check bench clean always

demo: $(STAMP)
	$(IN) tonewright demo demo

test: $(STAMP)
	$(IN) pytest --numprocesses auto --maxprocesses 8

check: $(STAMP)
	$(IN) ruff check .
	$(IN) ruff format --check .

bench: $(STAMP)
	$(IN) benchmarks

# Named by an environment variable, the constraints also hold for what builds the package.
$(STAMP): export PIP_CONSTRAINT = constraints.txt
$(STAMP): export PIP_BUILD_CONSTRAINT = constraints.txt
$(STAMP): export PIP_DISABLE_PIP_VERSION_CHECK = 1
$(STAMP): .venv/files pyproject.toml constraints.txt CMakeLists.txt $(wildcard bindings/* core/include/tonewright/* core/src/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
	  "tonewright wants Python 3.11 or newer, and '$(PYTHON)' is not that; name one, as in: make PYTHON=python3.12" \
	  >&2; exit 2; }
	@echo "setting up .venv, which takes a few minutes the first time"
	$(PYTHON) -m venv .venv
	$(IN) pip install --quiet --editable '.[dev]'
# it asks for an older numpy and for torchaudio, and does without
	$(IN) pip install --quiet --no-deps neutone-sdk
	@touch $(STAMP)

# An editable install knows its modules by name, so it is made again when one comes or goes.
.venv/files: always
	@mkdir -p .venv
	@find src -type f -not -path '*/__pycache__/*' -not -name '*.so' | sort > .venv/files.new
	@cmp -s .venv/files.new .venv/files || mv .venv/files.new .venv/files

clean:
	rm -rf .venv demo build .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -type d -exec rm -rf {} +
