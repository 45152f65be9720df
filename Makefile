# The words that people, CI and the README use. `make run` needs nothing but Python and make.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Another set of pinned versions to test against: make test REQUIREMENTS=tests/requirements-next.txt
REQUIREMENTS ?= tests/requirements.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where it is set, pytest rewrites the assertions of all tests anew, in each process and each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check e2e bench format lock clean

run: .venv/run  ## Everything on this machine; PORT=8001 for another port
	@exec $(BIN)/python manage.py serve

test: .venv/test  ## All quick tests, on a PostgreSQL of their own
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

check: .venv/test  ## Lint, format, types, settings, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.production check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: .venv/test  ## Ours beside what others use, as ratios; PARTS="post bulk" ROUNDS=3 SMALL=1 …
	@$(BIN)/python -m tests.bench $(PARTS)

e2e: .venv/test  ## Slow ones: crashes, a real browser, the README's commands
	@$(BIN)/python -m pytest -q tests/e2e
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q -m slow

format: .venv/test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## Pin again what pyproject.toml asks for; needs uv
	./.ci/lock

clean:  ## Remove the virtual environment; keeps the data
	rm -rf .venv .cache

# A stamp per set, written last: an interrupted installation is taken up again.
.venv/run: requirements.txt | .venv/python
	@echo "Installing what the service needs …"
	@$(BIN)/python -m pip install --require-hashes -r requirements.txt
	@touch $@

.venv/test: $(REQUIREMENTS) requirements.txt | .venv/python
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --require-hashes -r $(REQUIREMENTS)
	@touch $@ .venv/run

.venv/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed. Install Python 3.11 or newer, or name yours: make PYTHON=/path/to/python3.13 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is `$(PYTHON) -V 2>&1`, and this needs 3.11 or newer. Name yours: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian or Ubuntu: apt install `$(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'`" >&2; exit 2; }
	@echo "Making .venv with `$(PYTHON) -V` …"
	@$(PYTHON) -m venv .venv
	@touch $@
