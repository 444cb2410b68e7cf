# `make run` and `make test` do all their own set-up; everything else is for contributors.
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
FIND_LINKS ?=

.PHONY: help
help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/.ready: requirements/cpu.lock requirements/dev.lock pyproject.toml requirements/install
	@requirements/install cpu dev

$(VENV)/.ready-real: requirements/real.lock $(VENV)/.ready
	@requirements/install real

.PHONY: run
run: $(VENV)/.ready  ## the whole path on tiny models, without a GPU: about 12 minutes
	@$(VENV)/bin/chainpref run recipes/local.toml

.PHONY: run-real
run-real: $(VENV)/.ready-real  ## the whole path on a pretrained model and on benchmarks of others, without a GPU: about 100 minutes
	@$(VENV)/bin/chainpref run recipes/smollm2.toml

.PHONY: test
test: $(VENV)/.ready  ## every test that starts neither vLLM, Ray nor ranks of a trainer, nor needs a package of real.lock, nor is one of `check`
	@OMP_NUM_THREADS=1 $(PY) -m pytest -m "not engine and not real and not faults and not long" -n auto --dist loadfile \
	  --ignore=tests/architecture

.PHONY: test-real
test-real: $(VENV)/.ready-real  ## the tests with the real vLLM, Ray, DeepSpeed and TRL, and with real models, problems and benchmarks
	@OMP_NUM_THREADS=1 $(PY) -m pytest -m "(engine or real) and not faults and not long" -n 2 --dist loadfile

.PHONY: test-faults
test-faults: $(VENV)/.ready-real  ## the long fault injections, which print their seed, and other long tests
	@$(PY) -m pytest -m "faults or long" -s

.PHONY: check
check: $(VENV)/.ready  ## lint, types, architecture
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(PY) -m pytest tests/architecture

.PHONY: mutants
mutants: $(VENV)/.ready  ## do the tests notice wrong code? 1,600 mutants of the core; goes on where it was interrupted
	@$(PY) -m benchmarks.mutants

.PHONY: lock
lock:  ## remake the locks; needs uv. FIND_LINKS names where a CPU build of torch lies
	uv pip compile pyproject.toml --extra cpu --override requirements/cpu.overrides $(LOCK_OPTIONS) \
	  $(if $(FIND_LINKS),--find-links $(FIND_LINKS),--torch-backend cpu) -o requirements/cpu.lock
	uv pip compile pyproject.toml --extra gpu --override requirements/gpu.overrides $(LOCK_OPTIONS) -o requirements/gpu.lock
	uv pip compile --group dev -c requirements/cpu.lock -c requirements/gpu.lock $(LOCK_OPTIONS) -o requirements/dev.lock
	uv pip compile requirements/real.in -c requirements/cpu.lock -c requirements/gpu.lock \
	  --override requirements/real.overrides $(LOCK_OPTIONS) -o requirements/real.lock
	uv pip compile requirements/audit.in $(LOCK_OPTIONS) -o requirements/audit.lock
LOCK_OPTIONS := --python-version 3.11 --python-platform x86_64-manylinux_2_31 --generate-hashes --no-emit-index-url \
  --no-header --quiet

.PHONY: sbom
sbom:  ## bills of materials from the locks, as CycloneDX, into sbom/
	@requirements/audit sbom

.PHONY: audit
audit:  ## the locks against the public vulnerability databases; fails where it cannot compare
	@requirements/audit check
