# `make help` lists what there is.  Nothing is made twice: each step leaves a file whose age make compares with the
# age of what the step was made from.  Logs: .cache/log.  What outlives a checkout (PJSIP, wolfSSL): $ZENTRALE_CACHE.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
export PYTHON
export ZENTRALE_CACHE ?= $(HOME)/.cache/zentrale

STEP := tools/step
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
UI := gateway/web/ui
PAGES := gateway/web/static/index.html
PACKAGES := acd_core gateway recordings

# --- what the user calls ---------------------------------------------------------------------------------------------

.PHONY: help build run demo check test bench soak fuzz fuzz-native sanitize screenshots wheel lock format clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

build: .venv/.native .venv/.package .venv/.pjsua2 $(PAGES) ## everything that running needs

run: build ## build, then start Zentrale on the embedded default configuration (ARGS="--config FILE" for another)
	@exec $(BIN)/zentrale serve $(ARGS)

demo: build ## the same, and it plays carrier, visitors and agents by itself
	@exec $(BIN)/zentrale demo $(ARGS)

CHECKS := ruff format mypy cython-lint layers tsc tidy
check: build .venv/.dev ## the quick checks: style, types, layers, tidiness (under a minute); all run, whichever fails
	@$(MAKE) --keep-going $(CHECKS:%=check-%)

test: check .cache/packages-test ## all tests, with SIPp, baresip and Chromium (ARGS="-k word" for some)
	@$(STEP) ui-test "the pages' own tests" npm --prefix $(UI) run --silent test
	@tools/run-tests $(BIN)/pytest --ignore=tests/unit/test_tidy.py $(ARGS)  # `check` had that one

bench: build ## measure distributor, media plane and the handover to a freed agent on this machine; prints JSON
	@$(BIN)/zentrale bench acd --json
	@$(BIN)/zentrale bench media --json $(ARGS)
	@$(BIN)/zentrale bench handover --json

soak: build .venv/.dev .cache/packages-test .cache/packages-soak ## the tests that take too long for `make test` (many minutes)
	@$(BIN)/pytest -m soak $(ARGS) </dev/null

fuzz: build .venv/.dev ## the fuzz targets for much longer than in `make test`, and all properties by other examples
	@$(BIN)/pytest tests/fuzz --hypothesis-profile=long --timeout=3600 -o faulthandler_timeout=0 $(ARGS)
	@$(BIN)/pytest -m hypothesis --hypothesis-profile=other $(ARGS)

fuzz-native: .cache/packages-build .cache/packages-fuzz ## the C parts that read what peers send, under clang's sanitizers (FUZZ_SECONDS=60 each)
	@tools/fuzz-native $(ARGS)

sanitize: build .venv/.dev .cache/packages-test ## tests of the compiled parts under AddressSanitizer, UBSan and ThreadSanitizer (many minutes)
	@$(BIN)/python tools/sanitize address $(ARGS)
	@$(BIN)/python tools/sanitize thread $(ARGS)

screenshots: build .venv/.dev .cache/packages-test ## pictures of the pages in all their states, into .cache/screenshots
	@$(BIN)/python tools/screenshots.py .cache/screenshots $(ARGS)

wheel: build ## a wheel of Zentrale in dist/, pages and compiled parts inside
	@$(STEP) wheel "Wheel" $(PIP) wheel --no-deps --no-build-isolation -w dist .
	@ls dist/*.whl

lock: ## pin the Python packages anew after a change in pyproject.toml (ARGS=--upgrade for the newest)
	@$(STEP) lock "requirements*.lock" tools/lock $(ARGS)

format: .venv/.dev ## let ruff lay out the code
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean: ## remove what was built here; what is in $ZENTRALE_CACHE stays
	rm -rf .venv .cache build dist ./*.egg-info gateway/web/static $(UI)/node_modules
	find $(PACKAGES) \( -name '*.so' -o -name '__pycache__' \) -prune -exec rm -rf {} +
	find $(PACKAGES) -name '*.pyx' | sed 's/pyx$$/c/' | xargs rm -f

# --- the single checks -----------------------------------------------------------------------------------------------

.PHONY: $(CHECKS:%=check-%)
check-ruff:
	@$(STEP) ruff "ruff: faults" $(BIN)/ruff check
check-format:
	@$(STEP) format "ruff: layout" $(BIN)/ruff format --check
check-mypy:
	@$(STEP) mypy "mypy: types" $(BIN)/mypy
check-cython-lint:
	@$(STEP) cython-lint "cython-lint: the .pyx" env PATH="$(CURDIR)/$(BIN):$(PATH)" cython-lint $(PACKAGES)
check-layers:
	@$(STEP) layers "import-linter: who may import whom" $(BIN)/lint-imports
check-tsc:
	@$(STEP) tsc "tsc: types of the pages" npm --prefix $(UI) run --silent check
check-tidy:
	@$(STEP) tidy "tidiness" $(BIN)/pytest -q tests/unit/test_tidy.py tests/unit/test_build_step.py

# --- how it is made --------------------------------------------------------------------------------------------------

.cache/packages-%: tools/system-packages tools/system-packages.txt
	@$(STEP) packages-$* "Debian packages ($*)" tools/system-packages $*
	@touch $@

.venv/bin/python: | .cache/packages-build
	@$(STEP) venv "Python environment in .venv" $(PYTHON) -m venv .venv

.venv/.run: requirements.lock | .venv/bin/python
	@$(STEP) pip "Python packages" $(PIP) install -r $<
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	@$(STEP) pip-dev "Python packages for checks and tests" $(PIP) install -r $<
	@touch $@

# The command `zentrale`, and the packages where they lie; the compiled parts are the next rule's.
.venv/.package: pyproject.toml setup.py .venv/.run
	@$(STEP) package "Zentrale into .venv" $(PIP) install --no-deps --no-build-isolation \
		--config-settings editable_mode=compat -e .
	@touch $@

# wolfSSL's library for the native step.  Without its source DTLS stays at 1.2, and each make tries again and says so.
test: WOLFSSL_FLAGS := --insist
.venv/.wolfssl: $(wildcard gateway/sources/*.py gateway/sources/wolfssl/*) .venv/.run
	@$(STEP) wolfssl "wolfSSL for DTLS 1.3 (about 15 s the first time)" \
		$(BIN)/python -m gateway.sources.wolfssl.build --cache "$$ZENTRALE_CACHE/wolfssl" --into .cache/wolfssl $(WOLFSSL_FLAGS)
	@[ ! -e .cache/wolfssl/libwolfssl.a ] || touch $@

# setuptools and Cython compare file ages themselves: only what changed is compiled.
NATIVE := $(shell find $(PACKAGES) -name node_modules -prune -o \
	\( -name '*.pyx' -o -name '*.pxd' -o -name '*.[ch]' -o -name _build.py \) -print)
.venv/.native: $(NATIVE) setup.py .venv/.run .venv/.wolfssl
	@$(STEP) native "Compiled parts: media plane, distributor" $(BIN)/python setup.py build_ext --inplace --parallel 2
	@touch $@

# Marked as done only when it is the real one: with the stop-gap from PyPI, each make tries again and says so.
test: PJSUA2_FLAGS := --insist
.venv/.pjsua2: $(wildcard $(addprefix gateway/sip/pjsip/*.,py h c hpp cpp) gateway/sources/debian.py) .venv/.run
	@$(STEP) pjsua2 "PJSIP's binding pjsua2 (about 2 min the first time)" \
		$(BIN)/python -m gateway.sip.pjsip.build --cache "$$ZENTRALE_CACHE/pjsip" $(PJSUA2_FLAGS)
	@! $(PIP) show -qq pjsua2 2>/dev/null || touch $@

$(UI)/node_modules/.done: $(UI)/package.json $(UI)/package-lock.json | .cache/packages-build
	@$(STEP) npm "What the pages are built from" npm --prefix $(UI) ci --no-audit --no-fund
	@touch $@

$(PAGES): $(UI)/node_modules/.done $(shell find $(UI) -name node_modules -prune -o -type f -print 2>/dev/null)
	@$(STEP) pages "Pages" npm --prefix $(UI) run build
	@touch $@
