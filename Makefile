# One name for each job, the same for people and for CI. Written for GNU make 3.81 (macOS) and newer.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin

# The first Python that is new enough, unless PYTHON names one.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
endif

# A stamp is named after what it was installed from and where: same names, nothing to do and no network asked.
key = $(shell (pwd; cat $(1) pyproject.toml) | cksum | tr ' ' '-')
RUNTIME_REQUIREMENTS := requirements/build.txt requirements/runtime.txt
DEV_REQUIREMENTS := requirements/build.txt requirements/dev.txt
RUNTIME := $(VENV)/runtime-$(call key,$(RUNTIME_REQUIREMENTS)).installed
DEV := $(VENV)/dev-$(call key,$(DEV_REQUIREMENTS)).installed

# A Python that was upgraded or removed, or a first run that was broken off, leaves an environment that does not
# work: it is made anew.
ifneq ($(shell $(BIN)/python -c 'import sys, pip; print(sys.version_info >= (3, 11))' 2>/dev/null), True)
.PHONY: $(BIN)/python
$(RUNTIME) $(DEV): $(BIN)/python
endif

# Where a browser may be that the tests can drive.
BROWSERS := chromium chromium-browser google-chrome-stable google-chrome \
	"/Applications/Chromium.app/Contents/MacOS/Chromium" \
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FIREFOXES := firefox-esr firefox "/Applications/Firefox.app/Contents/MacOS/firefox"
# `make test TESTS="tests/unit -k sigv4"` runs those alone.
TESTS ?=
# So many files of tests at a time, each in one process; 0: one after the other in this one.
JOBS ?= 2
JS_TESTS = $(wildcard tests/js/*.test.mjs)

.PHONY: help
help:
	@echo 'make run          start everything here, then open the address it prints (VSS_PORT_BASE, VSS_DATA_DIR)'
	@echo 'make init         make the secrets and the first administrator that compose needs'
	@echo 'make test         lint, then every test; on Debian as root it installs the programs they need'
	@echo 'make test-long    the tests that take minutes: storms, full disks, kill -9 at every call'
	@echo 'make test-compose the containers, end to end (needs Docker)'
	@echo 'make lint         ruff, mypy, import-linter, hadolint'
	@echo 'make format       lay out the code and mend what can be mended'
	@echo 'make bench        benchmarks: ours and its peer side by side'
	@echo 'make reliability  bring every fault about and write what was seen to docs/reliability.md'
	@echo 'make web          build the pages'\'' scripts and styles from web/ (needs Node.js)'
	@echo 'make messages     bring the catalogues of the languages up to date with what the sources say'
	@echo 'make shots        a picture of every page in every state, shots/index.html (ONLY=watch; README=1: its own two)'
	@echo 'make lighthouse   what Lighthouse says of the pages; below 95 it fails'
	@echo 'make clean        remove what was made here; your videos are elsewhere and stay'

# exec: signals reach vss itself, which stops everything in order.
.PHONY: run
run: $(RUNTIME)
	@exec $(BIN)/python -m vss up

.PHONY: init
init: $(RUNTIME)
	@$(BIN)/python -m vss init

.PHONY: test
test: test-programs lint test-js
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

# Storms, full disks, faults that last, kill -9 at every call, generated requests: minutes each.
.PHONY: test-long
test-long: test-programs $(DEV)
	$(BIN)/python -m pytest -m long -o faulthandler_timeout=1200 --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

# The containers need a Docker engine, and so have a job of their own.
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

# What people are told, for each language: new messages come into its catalogues, with nothing in their place yet.
.PHONY: messages
messages: $(DEV)
	@mkdir -p .cache
	@$(BIN)/pybabel --quiet extract -F common/locale/babel.cfg --add-location=file --no-wrap -o .cache/pages.pot auth_svc common fs_svc stream_svc upload_svc
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
	elif [ -n "$$CI" ]; then echo 'node is missing: the tests of the scripts cannot run' >&2; exit 1; \
	else echo 'node is missing: the tests of the scripts are skipped'; fi

# Programs that the tests run, beside Python packages. pytest skips what needs a missing one, and says so; with CI
# set that is a failure.
.PHONY: test-programs
test-programs:
	@has() { for program in "$$@"; do command -v "$$program" >/dev/null && return; done; return 1; }; \
	PATH="$$PATH:/usr/sbin:/usr/local/sbin"; packages=; \
	has $(BROWSERS) || packages="$$packages chromium"; \
	has $(FIREFOXES) || packages="$$packages firefox-esr"; \
	has mariadbd mysqld || packages="$$packages mariadb-server-core mariadb-client-core"; \
	has node || packages="$$packages nodejs"; \
	has npm || packages="$$packages npm"; \
	[ "`uname`" != Linux ] || has ss || packages="$$packages iproute2"; \
	if [ -z "$$packages" ]; then :; \
	elif [ -e /etc/debian_version ] && [ "`id -u`" = 0 ]; then \
		echo "Installing$$packages"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$packages >/dev/null; \
	elif [ "`uname`" = Darwin ]; then \
		echo 'Some tests will be skipped; for all of them: brew install node mariadb && brew install --cask chromium firefox'; \
	else \
		echo "Some tests will be skipped; for all of them: sudo apt-get install$$packages (or your system's like)"; \
	fi

# Told in one line each: what is missing before an environment can be made.
.PHONY: python
python:
	@[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed, and none was found: install it, or name it (make PYTHON=/path/to/python3.12 …)' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed; $(PYTHON) is not' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'Python has no venv module: sudo apt-get install python3-venv (Debian, Ubuntu), then again' >&2; exit 1; }

$(BIN)/python: | python
	@echo 'Making $(VENV) with '`$(PYTHON) --version`
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
