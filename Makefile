# Two commands matter: `make run` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8000
DASHBOARD_PORT ?= 3000
PYTHON ?= python3
PY := .venv/bin/python
DASHBOARD := plugzero-analytics
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NEXT_TELEMETRY_DISABLED := 1

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

# --- setting up -------------------------------------------------------------------------------------

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) -V)."; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; echo "The venv module is missing: apt-get install python3-venv"; exit 1; }

.venv/runtime.stamp: requirements.txt | .venv/bin/python
	@echo "Installing runtime packages ..."
	@$(PY) -m pip install -q --require-hashes -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/runtime.stamp
	@echo "Installing development packages ..."
	@$(PY) -m pip install -q --require-hashes -r requirements-dev.txt
	@touch $@

$(DASHBOARD)/node_modules/.stamp: $(DASHBOARD)/package-lock.json
	@echo "Installing dashboard packages ..."
	@# A lock made where a registry lacks other platforms' optional binaries fails `npm ci`; the same versions come by install.
	@cd $(DASHBOARD) && { npm ci --no-audit --no-fund --loglevel=silent || npm install --no-save --no-audit --no-fund --loglevel=error; }
	@touch $@

DASHBOARD_SOURCES := $(shell find $(DASHBOARD)/src $(DASHBOARD)/public -type f 2>/dev/null) $(wildcard $(DASHBOARD)/*.ts $(DASHBOARD)/*.mjs)

$(DASHBOARD)/.next/build.stamp: $(DASHBOARD)/node_modules/.stamp $(DASHBOARD_SOURCES)
	@echo "Building the dashboard (once) ..."
	@cd $(DASHBOARD) && npm run --silent build > .next-build.log 2>&1 || { tail -40 .next-build.log; exit 1; }
	@rm -f $(DASHBOARD)/.next-build.log
	@touch $@

.PHONY: setup
setup: .venv/runtime.stamp ## Make .venv and install the runtime packages

.PHONY: dashboard
dashboard: ## Build the dashboard when Node 20.9+ is present
	@if command -v npm >/dev/null && node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>20||(a===20&&b>=9)?0:1)'; \
	then $(MAKE) --no-print-directory $(DASHBOARD)/.next/build.stamp; \
	else echo "Node 20.9 or newer is not here: the platform runs without its dashboard."; fi

# --- running ----------------------------------------------------------------------------------------

.PHONY: run
run: setup dashboard ## Set everything up and run the platform with a demo project
	@echo "Starting ..."
	@exec $(PY) manage.py runplatform --prepare --demo --port $(PORT) --dashboard-port $(DASHBOARD_PORT)

# --- checking ---------------------------------------------------------------------------------------

.PHONY: check
check: .venv/dev.stamp ## Format, lint, types, contracts, migrations, documents
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py spectacular --validate --fail-on-warn --file .run/openapi.yaml
	diff -u openapi.yaml .run/openapi.yaml
	$(PY) manage.py write_permissions --check
	.venv/bin/bandit -q -ll -x "*/tests/*,analysis/logic,data_ingestion/logic" -r plugzero_api accounts data_ingestion analysis media_intelligence seo_intelligence
	# DuckDB statements of the pure engines are written from quoted names and bound values; their tests prove it.
	.venv/bin/bandit -q -ll -s B608 -r analysis/logic data_ingestion/logic
	./scripts/check-deploy

.PHONY: openapi
openapi: .venv/runtime.stamp ## Write openapi.yaml and the dashboard's types
	$(PY) manage.py spectacular --validate --fail-on-warn --file openapi.yaml
	@if [ -d $(DASHBOARD)/node_modules ]; then cd $(DASHBOARD) && npm run --silent generate:api; fi

.PHONY: audit
audit: .venv/dev.stamp ## Known vulnerabilities of the pinned packages (needs the network)
	./scripts/audit-dependencies

.PHONY: test
test: .venv/dev.stamp check test-python test-dashboard ## Set up and run all checks and tests

.PHONY: test-python
test-python: .venv/dev.stamp ## Tests on the embedded default, then on PostgreSQL and Redis where they are
	./scripts/test-lanes

.PHONY: test-dashboard
test-dashboard: ## The dashboard's lint, types and tests, when Node is present
	@if command -v npm >/dev/null; then \
	  $(MAKE) --no-print-directory $(DASHBOARD)/node_modules/.stamp; \
	  cd $(DASHBOARD) && npm run --silent lint && npm run --silent typecheck && npm run --silent test; \
	else echo "Node is not here: the dashboard's tests are skipped."; fi

.PHONY: e2e
e2e: .venv/dev.stamp dashboard ## Browser journeys against the running platform
	./scripts/e2e

.PHONY: faults
faults: .venv/dev.stamp ## Kill workers, brokers and databases; nothing may be lost or done twice
	FAULT_LANE=embedded $(PY) -m pytest -c tests/faults/pytest.ini --rootdir . --confcutdir tests/faults tests/faults
	FAULT_LANE=server $(PY) -m pytest -c tests/faults/pytest.ini --rootdir . --confcutdir tests/faults tests/faults

.PHONY: accuracy
accuracy: .venv/dev.stamp ## Write docs/accuracy.md: correct digits per procedure
	$(PY) -m benchmarks.accuracy

.PHONY: seo-accuracy
seo-accuracy: .venv/dev.stamp ## Write docs/seo-accuracy.md: precision and recall per check
	$(PY) -m seo_intelligence.tests.accuracy --write docs/seo-accuracy.md

.PHONY: fuzz
fuzz: .venv/dev.stamp ## Schemathesis over the whole API
	./scripts/fuzz

.PHONY: lock
lock: .venv/bin/python ## Compile requirements*.txt from requirements*.in
	$(PY) -m pip install -q uv
	.venv/bin/uv pip compile -q --generate-hashes --no-annotate --python-version 3.11 --universal requirements.in -o requirements.txt
	.venv/bin/uv pip compile -q --generate-hashes --no-annotate --python-version 3.11 --universal requirements-dev.in -o requirements-dev.txt

.PHONY: clean
clean: ## Remove what was generated (keeps data in .run and media)
	rm -rf .venv $(DASHBOARD)/node_modules $(DASHBOARD)/.next .mypy_cache .ruff_cache
