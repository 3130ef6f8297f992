# Everything that is done with this project, as one command each. `make` alone lists them.
# Each command that needs Python first sees to it that .venv is there and complete.

SCENARIO = scenarios/kn026_phase2.yaml

# Options, empty unless given on the command line. They are assigned here so that a variable of the
# same name in the caller's environment (NAME is common) is not taken for one.
N =
SEED =
WORKERS =
ENGINE =
SET =
OUT =
NAME =
FITS =
COVERAGE =
FORCE =
NULL =
A = scenarios/kn026_phase2.yaml
B = scenarios/kn026_phase2_12weekly.yaml
REPLICATE = 0
PATIENT = 0
FILE = scenarios/reconstruct/kn026_phase2.yaml
TESTS = tests

# Always through the interpreter: the scripts in .venv/bin remember where .venv was made.
PY := .venv/bin/python
SIMULATE := $(PY) -m simulate
unexport PYTHONPATH PYTHONHOME

given = $(if $(strip $(2)),$(1) '$(strip $(2))')
ADDRESS = $(call given,--replicates,$(N)) $(call given,--seed,$(SEED))
SIZE = $(ADDRESS) $(call given,--workers,$(WORKERS)) $(call given,--engine,$(ENGINE))
PLACE = $(call given,--out,$(OUT)) $(call given,--name,$(NAME)) $(if $(strip $(FORCE)),--force)
EFFECT = $(if $(strip $(NULL)),--null)
# starting a test worker imports scipy and pandas anew: idle workers take over what others have left
PARALLEL = -n $(or $(strip $(WORKERS)),auto) --dist worksteal
# tests take all processors already: threads of linear algebra beside them only wait for each other
ONE_THREAD = OPENBLAS_NUM_THREADS=1
# SET is split into words by the shell, so that quotes hold a value with spaces together
WITH_SET = set -f; set --; for pair in $(SET); do set -- "$$@" --set "$$pair"; done;

.DEFAULT_GOAL := help
.PHONY: help setup run validate describe design story compare calibrate reconstruct check-engines warmup test verify notebooks lint format bench schema all clean distclean

help: ## list the commands and their options
	@awk -F ':.*## ' '/^[a-z%\/-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  SCENARIO=$(SCENARIO) is the default of run, validate, describe, design, story and check-engines."
	@echo "  run takes   N=replicates SEED=number WORKERS=threads SET=\"field=value other.field='two words'\""
	@echo "              OUT=folder NAME=name-of-the-result FORCE=1 (overwrite another result)"
	@echo "              NULL=1 (a randomised trial without any effect: the type I error)"
	@echo "              ENGINE=reference|batch (by default the quickest; all give the same patients)"
	@echo "  design takes SET OUT NAME FORCE (a randomised trial: SCENARIO=scenarios/generic_two_arm.yaml)"
	@echo "  story takes REPLICATE=0 PATIENT=0;  compare takes A=scenario B=scenario and run's N SEED WORKERS"
	@echo "  calibrate takes SEED WORKERS OUT SET FITS=\"full held_out\" COVERAGE=200 (check intervals instead)"
	@echo "  check-engines takes N SEED SET;  reconstruct takes FILE=file-with-printed-figures OUT NAME FORCE"
	@echo "  test takes  TESTS=path WORKERS=processes;  PYTHON=python3.12 chooses the Python that .venv is made from"

setup: ## make .venv from requirements.lock, or repair it (every other command does this by itself)
	@PYTHON='$(PYTHON)' .ci/setup

run: setup ## simulate the scenario: many replicates, tables and report.html in results/
	@$(WITH_SET) $(SIMULATE) run '$(SCENARIO)' $(SIZE) $(PLACE) $(EFFECT) "$$@"

results/%: setup ## the same for scenarios/%.yaml, for example: make results/kn026_phase2
	@$(WITH_SET) $(SIMULATE) run 'scenarios/$(patsubst %/,%,$*).yaml' $(SIZE) $(PLACE) $(EFFECT) "$$@"

validate: setup ## check a scenario file and say where it is wrong
	@$(WITH_SET) $(SIMULATE) validate '$(SCENARIO)' "$$@"

describe: setup ## say in words what a scenario will do, before it runs
	@$(WITH_SET) $(SIMULATE) describe '$(SCENARIO)' "$$@"

design: setup ## say what theory expects of a randomised trial: bounds, looks, power, sample size
	@$(WITH_SET) $(SIMULATE) design '$(SCENARIO)' $(PLACE) "$$@"

story: setup ## tell the history of one patient, day by day
	@$(WITH_SET) $(SIMULATE) story '$(SCENARIO)' --replicate '$(REPLICATE)' --patient '$(PATIENT)' "$$@"

compare: setup ## run scenarios A and B with common random numbers and show paired differences
	@$(SIMULATE) compare '$(A)' '$(B)' $(SIZE)

calibrate: setup ## estimate the parameters of SCENARIO from its published facts, with uncertainty
	@$(WITH_SET) $(SIMULATE) calibrate '$(SCENARIO)' $(call given,--seed,$(SEED)) $(call given,--workers,$(WORKERS)) \
		$(call given,--out,$(OUT)) $(if $(strip $(FITS)),$(patsubst %,--fit %,$(FITS))) $(call given,--coverage,$(COVERAGE)) "$$@"

reconstruct: setup ## turn printed Kaplan-Meier figures into pseudo individual data
	@$(SIMULATE) reconstruct '$(FILE)' $(PLACE)

check-engines: setup ## check that both engines make the same patients of the scenario
	@$(WITH_SET) $(SIMULATE) check-engines '$(SCENARIO)' $(ADDRESS) "$$@"

warmup: setup ## compile beforehand what is compiled, so that no run has to wait for it
	@$(SIMULATE) warmup

test: setup ## run the quick tests
	@$(ONE_THREAD) $(PY) -m pytest -m 'not verify' $(PARALLEL) $(TESTS)

verify: setup ## run the slow tests against theory and known truth
	@$(ONE_THREAD) $(PY) -m pytest -m verify $(PARALLEL) $(TESTS)

notebooks: setup ## execute all notebooks
	@$(PY) -m pytest tests/notebooks

lint: setup ## check style, formatting and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: setup ## put the code into the standard format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: setup ## measure speed and memory, some minutes; with BENCH_LONG=1 of a million replicates too
	@$(PY) -m benchmarks.run

schema: setup ## write the JSON Schemas that editors use for scenario files and printed figures
	@$(SIMULATE) schema --output scenarios/scenario.schema.json
	@$(SIMULATE) schema --of calibration --output scenarios/calibration/calibration.schema.json
	@$(SIMULATE) schema --of figures --output scenarios/reconstruct/figures.schema.json

all: ## everything that continuous integration runs: lint, a small run, the quick tests
	@.ci/run

clean: ## remove caches and build leftovers; results and .venv stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .coverage .coverage.* htmlcov build dist *.egg-info
	@find . -path ./.venv -prune -o -type d -name __pycache__ -exec rm -rf {} +

distclean: clean ## remove .venv too; results stay
	@rm -rf .venv .setup.log
