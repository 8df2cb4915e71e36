# The two commands of the project: `make up` and `make test`. Everything else is listed by `make help`.

VENV := .venv
BIN := $(VENV)/bin
PACK := policy/.venv
RIVALS := .build/rivals
ARGS ?=
# Images set it; not all packages are installed with bytecode, which each process would then compile again.
unexport PYTHONDONTWRITEBYTECODE
TESTS ?= tests
WORKERS ?= $(if $(filter tests,$(TESTS)),auto,0)
CONSOLE := waterfall/web/static

# The newest supported interpreter on the PATH, unless PYTHON names one.
SUPPORTED := python3 python3.14 python3.13 python3.12 python3.11
IS_SUPPORTED := 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
FIND = for name in $(SUPPORTED); do $$name -c $(IS_SUPPORTED) 2>/dev/null && echo $$name && break; done
PYTHON ?= $(eval PYTHON := $(shell $(FIND)))$(PYTHON)
PIP_OF = $(BIN)/python -m pip $(1) install --quiet --disable-pip-version-check
PIP := $(call PIP_OF,)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: $(BIN)/.installed ## deploy onto the embedded AWS, show one request, keep serving (ARGS=--once: then exit)
	@$(BIN)/waterfall up $(ARGS)

.PHONY: test
test: setup $(BIN)/.foreign $(PACK)/.made ## run the tests on all cores (TESTS=tests/tracing: a part, on one)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

.PHONY: compare
compare: setup ## run one request with the native X-Ray SDK and one with OpenTelemetry, compare their traces
	@$(BIN)/waterfall compare --modes $(ARGS)

.PHONY: bench
bench: rivals ## measure what the README tells, with peers beside (12 minutes; ARGS='--only calls': a part)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-large
bench-large: setup $(BIN)/.foreign ## measure the X-Ray store with 3 million traces (an hour)
	@$(BIN)/python -m benchmarks --only large $(ARGS)

.PHONY: rivals
rivals: setup $(BIN)/.foreign $(RIVALS)/moto/.made $(RIVALS)/ministack/.made

.PHONY: bench-readme
bench-readme: setup ## take the figures of the last `make bench` into README and docs
	@$(BIN)/python -m benchmarks.report

.PHONY: fuzz
fuzz: setup $(BIN)/.dev ## feed mutated inputs to what reads others' data (minutes; ARGS='--seed 1' repeats)
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: resources
resources: setup ## write docs/resources.md, what each Pulumi resource type does here
	@$(BIN)/python -m embedded_aws.engine.resources_page docs/resources.md

.PHONY: check
check: $(BIN)/.dev ## lint, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@if test -x $(BIN)/oxlint; then \
		$(BIN)/oxlint --deny-warnings $(CONSOLE) && $(BIN)/oxfmt --check $(CONSOLE); \
	else \
		echo "left out: oxlint and oxfmt have no wheel for this machine, so $(CONSOLE) was not checked"; \
	fi

.PHONY: preview
preview: can-deploy ## show what a deployment would change, checked by the policy pack (STACK=dev)
	@pulumi preview --stack $(STACK) --policy-pack policy $(ARGS)

.PHONY: deploy
deploy: can-deploy ## deploy to AWS what the policy pack lets through (STACK=dev; ARGS=--yes: without asking)
	@pulumi up --stack $(STACK) --policy-pack policy $(ARGS)

.PHONY: can-deploy
can-deploy: may-deploy $(BIN)/.installed $(PACK)/.made

.PHONY: may-deploy
may-deploy:
	@test -n "$(STACK)" || { echo "error: name the stack: make $(MAKECMDGOALS) STACK=dev" \
		"(settings are here for: $(STACKS))" >&2; exit 1; }
	@test -e Pulumi.$(STACK).yaml || { echo "error: there is no Pulumi.$(STACK).yaml with settings of that" \
		"stack; write one, or take one of: $(STACKS)" >&2; exit 1; }
	@command -v pulumi >/dev/null || { echo "error: make $(MAKECMDGOALS) needs Pulumi's CLI, and no pulumi is" \
		"on the PATH; install it (https://www.pulumi.com/docs/iac/download-install/), or run the program" \
		"without it and without an account: make up" >&2; exit 1; }

STACKS = $(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml))

.PHONY: setup
setup: $(BIN)/.installed ## prepare what `up` would at its first run: packages, Lambda runtime, ADOT layer
	@$(BIN)/python -m embedded_aws.awslambda.runtime.provision

# What `make up` needs, compiled but for large packages of which few modules are imported.
# pip comes first: the one that Python 3.11 brings takes two and a half times as long.
$(BIN)/.installed: locks/up.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 to 3.14 found (looked for $(SUPPORTED));" \
		"install one, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c $(IS_SUPPORTED) || { echo "error: $$($(PYTHON) --version) is not supported;" \
		"Python 3.11 to 3.14 is" >&2; exit 1; }
	@echo "set-up: Python packages into $(VENV) (half a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make" \
		"virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@sed -n '/^pip==/,/[^\\]$$/p' locks/up.lock | $(PIP) --no-compile --require-hashes -r /dev/stdin
	@$(BIN)/python -m pip uninstall --quiet --yes setuptools 2>/dev/null  # Python 3.11 brings it
	@$(PIP) --no-deps --no-compile --progress-bar on --require-hashes -r locks/up.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@ln -sfn "$(CURDIR)/components" $$(echo $(VENV)/lib/python3.*/site-packages)/traced_api  # as installed
	@$(BIN)/python -m compileall -qq -j 0 -x '/(pulumi_aws|debugpy|pip|pygments)/' $(VENV)/lib || true
	@touch $@

$(BIN)/.dev: $(BIN)/.installed locks/dev.lock
	@echo "set-up of the tests: their packages into $(VENV) (half a minute, once)"
	@$(PIP) --no-deps --no-compile --progress-bar on --require-hashes -r locks/dev.lock
	@touch $@

$(BIN)/.foreign: $(BIN)/.dev locks/foreign.lock
	@echo "set-up of the tests: Powertools and the X-Ray SDK into .build/foreign (a few seconds, once)"
	@rm -rf .build/foreign
	@$(PIP) --no-deps --require-hashes -r locks/foreign.lock --target .build/foreign
	@touch $@

# Each rival has packages of its own: MiniStack wants another botocore than we do.
$(RIVALS)/%/.made: locks/%.lock | $(BIN)/.installed
	@echo "set-up of the benchmarks: $* into $(@D) (a few seconds, once)"
	@$(BIN)/python -m venv --without-pip --clear $(@D)
	@$(call PIP_OF,--python $(@D)/bin/python) --no-deps --progress-bar on --require-hashes -r $<
	@touch $@

# The policy pack has packages of its own: pulumi-policy wants an older protobuf than the program.
$(PACK)/.made: policy/requirements.txt | $(BIN)/.installed
	@echo "set-up of the policy pack: its packages into $(PACK) (a few seconds, once)"
	@$(BIN)/python -m venv --without-pip --clear $(PACK)
	@$(call PIP_OF,--python $(PACK)/bin/python) --no-deps --no-compile --require-hashes -r $<
	@touch $@

.PHONY: lock
lock: ## resolve the locked packages again (needs uv)
	uv pip compile pyproject.toml --group build --extra dev $(LOCK) $(UNUSED) -o locks/dev.lock
	uv pip compile pyproject.toml --group build --extra embedded --extra components \
		-c locks/dev.lock $(LOCK) -o locks/up.lock
	$(PYTHON) -c $(COMPONENTS) | uv pip compile - -c locks/dev.lock $(LOCK) -o requirements.txt
	$(MAKE) adot
	uv pip compile $(RUNTIME)/runtime.in $(LOCK) -o $(RUNTIME)/runtime.lock
	uv pip compile policy/requirements.in $(LOCK) -o policy/requirements.txt
	for name in components/locks/native components/locks/slim components/locks/api locks/foreign; do \
		uv pip compile $$name.in $(LOCK) $(BUNDLED) -o $$name.lock; \
	done
	for name in moto ministack; do uv pip compile locks/$$name.in $(LOCK) -o locks/$$name.lock; done

# As AWS builds it: on x86_64, from the newest packages of the day, without these. Of what AWS leaves out, the
# handler's instrumentation stays, because what takes its place is not published as a package.
.PHONY: adot
adot: ## lock the ADOT layer (needs uv); RELEASE=0.18.0 BUILT=2026-06-22: that release, its ARNs too
	$(if $(RELEASE),$(PYTHON) locks/adot.py $(RELEASE) $(BUILT) $(ARGS))
	echo "aws-opentelemetry-distro==$(call ADOT,release)" | uv pip compile - \
		$(foreach name,$(NOT_IN_ADOT),--no-emit-package $(name)) \
		--exclude-newer "$(call ADOT,built)T23:59:59Z" --python-version 3.13 \
		--python-platform x86_64-manylinux_2_28 --generate-hashes --no-annotate --quiet \
		--custom-compile-command "make adot" -o $(RUNTIME)/adot.lock

ADOT = $(shell sed -n 's/.*"$(1)": "\([^"]*\)".*/\1/p' components/adot.json)
NOT_IN_ADOT := grpcio opentelemetry-exporter-otlp-proto-grpc urllib3 \
	psutil opentelemetry-instrumentation-system-metrics
RUNTIME := embedded_aws/awslambda/runtime/locks
COMPONENTS := 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	print(*project["optional-dependencies"]["components"], sep="\n")'
LOCK := --universal --generate-hashes --no-annotate --python-version 3.11 --quiet \
	--custom-compile-command "make lock"
IN_LAMBDA := boto3 botocore s3transfer jmespath python-dateutil six urllib3
UNUSED := $(foreach name,playwright greenlet pyee,--no-emit-package $(name))
BUNDLED := $(foreach name,$(IN_LAMBDA),--no-emit-package $(name))

.PHONY: clean
clean: ## remove what set-up built here and what runs left behind; ~/.cache/traced-api stays
	rm -rf $(VENV) $(PACK) .build .waterfall .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
