# One name per job, the same for people and for CI. Works with GNU make 3.81 (macOS) and newer.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The tests start hundreds of processes, each of which would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough, unless PYTHON is set.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
endif

# A stamp's name depends on what was installed and where: if it exists, nothing is installed and no network is used.
key = $(shell (pwd; cat $(1) pyproject.toml) | cksum | tr ' ' '-')
RUNTIME_REQUIREMENTS := requirements/build.txt requirements/runtime.txt requirements/media.txt
DEV_REQUIREMENTS := requirements/build.txt requirements/dev.txt
RUNTIME := $(VENV)/runtime-$(call key,$(RUNTIME_REQUIREMENTS)).installed
DEV := $(VENV)/dev-$(call key,$(DEV_REQUIREMENTS)).installed

# If Python was upgraded or removed, or the first run was interrupted, the environment is broken: create it again.
ifneq ($(shell $(BIN)/python -c 'import sys, pip; print(sys.version_info >= (3, 11))' 2>/dev/null), True)
.PHONY: $(BIN)/python
$(RUNTIME) $(DEV): $(BIN)/python
endif

# Browsers that the tests can drive.
BROWSERS := chromium chromium-browser google-chrome-stable google-chrome \
	"/Applications/Chromium.app/Contents/MacOS/Chromium" \
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# Chromium without what only windows need: pages of tests cost it a third less. Debian alone has it.
WINDOWLESS := chromium-headless-shell
FIREFOXES := firefox-esr firefox "/Applications/Firefox.app/Contents/MacOS/firefox"
# `make test TESTS="tests/unit -k sigv4"` runs only those.
TESTS ?=
# Test files to run in parallel, each in its own process; 0 runs all in this process. Two for each of two cores, since
# much of a test is waiting; those of make test-long keep a core busy by themselves.
JOBS ?= 4
LONG_JOBS ?= 3
JS_TESTS = $(wildcard tests/js/*.test.mjs)

.PHONY: help
help:
	@echo 'make run          run everything on this machine; open the address it prints (VSS_PORT_BASE, VSS_DATA_DIR)'
	@echo 'make init         create the secrets and the first administrator for compose.yaml'
	@echo 'make test         lint and run all tests; on Debian as root, installs the programs they need'
	@echo 'make test-long    run the tests that take minutes: storms, full disks, kill -9 at every call'
	@echo 'make test-compose test the containers end to end (needs Docker)'
	@echo 'make lint         run ruff, mypy, import-linter and hadolint'
	@echo 'make format       format the code and fix what can be fixed automatically'
	@echo 'make bench        run benchmarks, each next to a comparable program'
	@echo 'make reliability  cause every fault and write the results to docs/reliability.md'
	@echo 'make web          build scripts and styles from web/ (needs Node.js)'
	@echo 'make messages     update the translation catalogues from the sources'
	@echo 'make shots        take screenshots of every page in every state: shots/index.html (ONLY=watch; README=1)'
	@echo 'make lighthouse   check the pages with Lighthouse; fails below 95'
	@echo 'make clean        remove build files and caches; your videos are stored elsewhere and stay'

# exec, so that signals reach vss itself, which stops everything in order.
.PHONY: run
run: $(RUNTIME)
	@exec $(BIN)/python -m vss up

.PHONY: init
init: $(RUNTIME)
	@$(BIN)/python -m vss init

.PHONY: test
test: test-programs lint test-js
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

# Storms, full disks, faults that last, kill -9 at every call, generated requests, whole restarts, every look in every
# window, the database server behind each service, other browsers, what needs dozens of commands of a terminal.
.PHONY: test-long
test-long: test-programs $(DEV)
	$(BIN)/python -m pytest -m long -o faulthandler_timeout=1200 --numprocesses $(LONG_JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

# The containers need Docker, so they have their own job.
.PHONY: test-compose
test-compose: test-programs $(DEV)
	docker build --tag vss .
	VSS_TEST_COMPOSE=1 $(BIN)/python -m pytest tests/compose $(TESTS)

.PHONY: lint
lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

.PHONY: format
format: $(DEV)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: bench
bench: $(DEV)
	$(BIN)/python -m benchmarks

.PHONY: reliability
reliability: $(DEV)
	$(BIN)/python -m pytest -m '' -o faulthandler_timeout=1200 --reliability tests/integration/test_faults_*.py tests/integration/test_killed.py

# Adds new messages to every language's catalogue, untranslated.
.PHONY: messages
messages: $(DEV)
	@mkdir -p .cache
	@$(BIN)/pybabel --quiet extract -F common/locale/babel.cfg --add-location=file --no-wrap -o .cache/pages.pot auth_svc catalogue common contracts fs_svc stream_svc upload_svc
	@$(BIN)/pybabel --quiet extract -F common/locale/babel.cfg --add-location=file --no-wrap -o .cache/scripts.pot web
	@for language in common/locale/*/; do for name in pages scripts; do \
		$(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date \
			-i .cache/$$name.pot -l "`basename $$language`" -o "$$language$$name.po" || exit 1; \
	done; done

.PHONY: web
web:
	cd web && npm ci && npm run build

web/node_modules:
	cd web && npm ci

.PHONY: shots
shots: $(DEV) test-programs
	$(BIN)/python -m tests.shots shots --only '$(ONLY)' $(if $(README),--readme)

.PHONY: lighthouse
lighthouse: $(DEV) test-programs web/node_modules
	$(BIN)/python -m tests.lighthouse

.PHONY: clean
clean:
	rm -rf $(VENV) shots .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	rm -rf web/node_modules web/uppy5/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: test-js
test-js:
	@if command -v node >/dev/null; then node --test $(JS_TESTS); \
	elif [ -n "$$CI" ]; then echo 'node is missing: the JavaScript tests cannot run' >&2; exit 1; \
	else echo 'node is missing: skipping the JavaScript tests'; fi

# Programs that the tests need besides Python packages. pytest skips tests whose program is missing; with CI set they
# fail.
.PHONY: test-programs
test-programs:
	@has() { for program in "$$@"; do command -v "$$program" >/dev/null && return; done; return 1; }; \
	PATH="$$PATH:/usr/sbin:/usr/local/sbin"; packages=; \
	has $(BROWSERS) || packages="$$packages chromium"; \
	has $(FIREFOXES) || packages="$$packages firefox-esr"; \
	has mariadbd mysqld || packages="$$packages mariadb-server-core mariadb-client-core"; \
	has node || packages="$$packages nodejs"; \
	has npm || packages="$$packages npm"; \
	for program in bash zsh fish curl; do has $$program || packages="$$packages $$program"; done; \
	[ "`uname`" != Linux ] || has ss || packages="$$packages iproute2"; \
	[ "`id -u`" != 0 ] || ! grep -qx ID=debian /etc/os-release 2>/dev/null || has $(WINDOWLESS) || packages="$$packages $(WINDOWLESS)"; \
	if [ -z "$$packages" ]; then :; \
	elif [ -e /etc/debian_version ] && [ "`id -u`" = 0 ]; then \
		echo "Installing$$packages"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$packages >/dev/null; \
	elif [ "`uname`" = Darwin ]; then \
		echo 'Some tests will be skipped. To run all of them: brew install node mariadb fish && brew install --cask chromium firefox'; \
	else \
		echo "Some tests will be skipped. To run all of them: sudo apt-get install$$packages (or your system's equivalent)"; \
	fi

# What is missing for an environment, in one line each.
.PHONY: python
python:
	@[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is required but was not found: install it, or set PYTHON (make PYTHON=/path/to/python3.12 …)' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is required; $(PYTHON) is older' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'Python has no venv module: sudo apt-get install python3-venv (Debian, Ubuntu), then try again' >&2; exit 1; }

$(BIN)/python: | python
	@echo 'Creating $(VENV) with '`$(PYTHON) --version`
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

pip_install = $(BIN)/python -m pip install --quiet --disable-pip-version-check

define install
@echo 'Installing Python packages (once; this needs the network)'
@$(pip_install) --require-hashes $(addprefix -r ,$(1))
@$(pip_install) --no-build-isolation --no-deps --editable .
@rm -f $(VENV)/$(2)-*.installed && touch $@
endef

$(RUNTIME): | $(BIN)/python
	$(call install,$(RUNTIME_REQUIREMENTS),runtime)

$(DEV): | $(BIN)/python
	$(call install,$(DEV_REQUIREMENTS),dev)
