# make run · make test · make lint · make bench; each sets up .venv on first use.
PY := .venv/bin/python
APP := .venv/.app-ready
DEV := .venv/.dev-ready

.PHONY: run test test-slow faults fuzz soak audit lint bench
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

fuzz: $(DEV)
	@OMP_NUM_THREADS=1 $(PY) -m tests.fuzz.run --count 200

audit: $(APP)
	@$(PY) -m venv .venv/audit && .venv/audit/bin/pip install -q pip-audit
	@.venv/audit/bin/pip-audit --path $$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

soak: $(APP)
	@$(PY) -m tools.soak --minutes 30

lint: $(DEV)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: $(APP)
	@$(PY) main.py bench
