# Two commands for a stranger: `make demo` and `make test`. Both set up what they need; both can be run again.
SHELL := /bin/sh
PY := .venv/bin/python
READY := .venv/.ready
# Processes that run tests; each has labs of its own. The long tiers come first, the short ones fill up the end.
SIDE_BY_SIDE ?= 2

.PHONY: help demo test test-fast faults bench check format sbom audit

help:            ## what can be made here
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:[^#]*## /\t/' | expand -t 16

demo: $(READY)   ## a broken production healed in front of you, on this machine
	@$(PY) -m lab.demo

test: $(READY) tools ## all tests; nothing is skipped
	@$(PY) -m lab.engine
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy
	@$(PY) -m pytest -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder tests/lab tests/faults tests/ssh tests/golden tests/unit

test-fast: $(READY) tools ## unit, golden and ssh: no Docker needed
	@$(PY) -m pytest tests/unit tests/golden tests/ssh

faults: $(READY) tools ## every kind of fault at every point of every step; CASES=a-b for a part
	@$(PY) -m lab.engine
	@HUMMII_FAULTS=all HUMMII_FAULTS_CASES=$(CASES) $(PY) -m pytest -q -n $(SIDE_BY_SIDE) --dist loadgroup --no-loadscope-reorder \
		tests/faults/test_faults_known.py tests/faults/test_faults_rollback_db.py tests/faults/test_faults_rollback.py tests/faults/test_faults_small.py

bench: $(READY)  ## medians, ratios and gaps, on the lab; ONLY=swap or ONLY=rollback for one part
	@$(PY) -m bench $(ONLY)

check: $(READY)  ## lint and types
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

format: $(READY) ## lay out the code
	@.venv/bin/ruff check --fix -q . ; .venv/bin/ruff format -q .

sbom: .venv-audit/.ready ## what a user installs, as CycloneDX: sbom.json
	@.venv-audit/bin/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o sbom.json
	@echo "sbom.json"

audit: .venv-audit/.ready $(READY) ## known holes in what a user installs; 10 when it could not look
	@.ci/audit

# Apart from the rest, so that what looks is not what is looked at.
.venv-audit/.ready: requirements-audit.txt
	@test -x .venv-audit/bin/python || python3 -m venv .venv-audit
	@.venv-audit/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@

$(READY): requirements-dev.txt pyproject.toml
	@command -v python3 >/dev/null || { echo "python3 (3.11 or newer) with venv is missing; on Debian: apt-get install python3-venv"; exit 2; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$(python3 --version)"; exit 2; }
	@echo "setting up .venv (Python packages, each with its hash)…"
	@test -x $(PY) || python3 -m venv .venv || { rm -rf .venv; echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 2; }
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@echo "$(CURDIR)" >"$$($(PY) -c "import sysconfig; print(sysconfig.get_path(\"purelib\"))")/hummii-ops.pth"
	@touch $@

.PHONY: tools
tools:           # what the tests call beside Python: a real sshd, shellcheck, strace, Prometheus, Chromium
	@$(PY) -m lab.tools sshd shellcheck strace curl prometheus chromium
