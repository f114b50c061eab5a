# make run · make test · make lint · make bench; each sets up .venv on first use.
PY := .venv/bin/python
APP := .venv/.app-ready
DEV := .venv/.dev-ready

.PHONY: run test test-slow faults soak lint bench
.DEFAULT_GOAL := run

$(APP): requirements.txt tools/setup.sh
	@tools/setup.sh $@ requirements.txt

$(DEV): requirements.txt tests/requirements.txt tools/requirements.txt tools/setup.sh
	@tools/setup.sh $@ requirements.txt tests/requirements.txt tools/requirements.txt

run: $(APP)
	@$(PY) main.py

test: $(DEV)
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n 2

test-slow: $(DEV)
	@$(PY) -m pytest -m slow

faults: $(DEV)
	@OMP_NUM_THREADS=1 $(PY) -m pytest -m fault -n 2

soak: $(APP)
	@$(PY) -m tools.soak --minutes 30

lint: $(DEV)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: $(APP)
	@$(PY) main.py bench
