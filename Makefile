# make run · make test · make lint · make bench; each sets up .venv on first use. PYTHON=python3.13 make test: with that one.
PY := .venv/bin/python
APP := .venv/.app-ready
DEV := .venv/.dev-ready
UV := .venv-lock/.ready
NEWEST := .venv-newest
ALL := -r requirements.txt -r tests/requirements.txt -r tools/requirements.txt
RANGES := requirements.txt tests/requirements.txt tools/requirements.txt

.PHONY: run test test-slow test-newest faults fuzz soak audit lint lock bench
.DEFAULT_GOAL := run

$(APP): requirements.txt constraints.txt tools/setup.sh
	@tools/setup.sh $@ -c constraints.txt -r requirements.txt

$(DEV): $(RANGES) constraints.txt tools/setup.sh
	@tools/setup.sh $@ -c constraints.txt $(ALL)

$(UV): tools/setup.sh
	@tools/setup.sh $@ 'uv>=0.9,<1'

run: $(APP)
	@$(PY) main.py

test: $(DEV)
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile

# The newest of everything that the ranges allow, in an environment of its own: what breaks next year, told today.
test-newest:
	@tools/setup.sh $(NEWEST)/.ready --upgrade --upgrade-strategy eager $(ALL)
	@OMP_NUM_THREADS=1 $(NEWEST)/bin/python -m tools.newest

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

# Exact versions for constraints.txt, from the ranges.
lock: $(UV)
	@tools/lock.sh .venv-lock/bin/uv

bench: $(APP)
	@$(PY) main.py bench
