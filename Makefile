# The two commands of the project: `make up` and `make test`. Everything else is listed by `make help`.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
TESTS ?= tests
CONSOLE := waterfall/web/static

# The newest supported interpreter on the PATH, unless PYTHON names one.
SUPPORTED := python3 python3.14 python3.13 python3.12 python3.11
IS_SUPPORTED := 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
FOUND = $(foreach name,$(SUPPORTED),$(shell $(name) -c $(IS_SUPPORTED) 2>/dev/null && echo $(name)))
PYTHON ?= $(firstword $(FOUND))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: setup ## deploy the program onto the embedded AWS, show one request, keep serving (ARGS=--once: then exit)
	@$(BIN)/waterfall up $(ARGS)

.PHONY: test
test: setup $(BIN)/.foreign ## run the tests (TESTS=tests/embedded_aws for a part)
	@$(BIN)/python -m pytest $(TESTS)

.PHONY: compare
compare: setup ## run one request with the native X-Ray SDK and one with OpenTelemetry, compare their traces
	@$(BIN)/waterfall compare --modes $(ARGS)

.PHONY: bench
bench: setup $(BIN)/.foreign ## measure the X-Ray store and what tracing adds to an invocation (minutes)
	@$(BIN)/python -m benchmarks.xray_store
	@$(BIN)/python -m benchmarks.invocation
	@$(BIN)/python -m benchmarks.sampling

.PHONY: fuzz
fuzz: setup ## feed mutated inputs to all that reads what others send (minutes; ARGS='--seed 1' repeats)
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: check
check: setup ## lint, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@if test -x $(BIN)/oxlint; then \
		$(BIN)/oxlint --deny-warnings $(CONSOLE) && $(BIN)/oxfmt --check $(CONSOLE); \
	else \
		echo "left out: oxlint and oxfmt have no wheel for this machine, so $(CONSOLE) was not checked"; \
	fi

.PHONY: setup
setup: $(BIN)/.installed $(BIN)/.provisioned

$(BIN)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 to 3.14 found (looked for $(SUPPORTED));" \
		"install one, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c $(IS_SUPPORTED) || { echo "error: $$($(PYTHON) --version) is not supported;" \
		"Python 3.11 to 3.14 is" >&2; exit 1; }
	@echo "set-up 1/2: Python packages into $(VENV) (a minute or two, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make" \
		"virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(PIP) --progress-bar on --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

RUNTIME := embedded_aws/awslambda/runtime
PROVISIONS := locks/runtime.lock locks/adot.lock $(wildcard $(RUNTIME)/*.py $(RUNTIME)/adot/*)
$(BIN)/.provisioned: $(BIN)/.installed $(PROVISIONS)
	@echo "set-up 2/2: the Lambda runtime and the ADOT layer into .build (a minute, once)"
	@$(BIN)/python -m embedded_aws.awslambda.runtime.provision
	@touch $@

$(BIN)/.foreign: $(BIN)/.installed locks/foreign.lock
	@echo "set-up of the tests: Powertools and the X-Ray SDK into .build/foreign (a few seconds, once)"
	@rm -rf .build/foreign
	@$(PIP) --no-deps --require-hashes -r locks/foreign.lock --target .build/foreign
	@touch $@

.PHONY: lock
lock: ## resolve the locked packages again (needs uv)
	uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements.lock
	for name in runtime adot; do uv pip compile locks/$$name.in $(LOCK) -o locks/$$name.lock; done
	for name in native slim api foreign; do \
		uv pip compile locks/$$name.in $(LOCK) $(BUNDLED) -o locks/$$name.lock; \
	done

LOCK := --universal --generate-hashes --no-annotate --python-version 3.11 --quiet \
	--custom-compile-command "make lock"
IN_LAMBDA := boto3 botocore s3transfer jmespath python-dateutil six urllib3
BUNDLED := $(foreach name,$(IN_LAMBDA),--no-emit-package $(name))

.PHONY: clean
clean: ## remove what set-up built and what runs left behind
	rm -rf $(VENV) .build .waterfall *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
