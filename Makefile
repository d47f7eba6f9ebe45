# Python 3.11 to 3.13 and make are enough: the first command makes an environment in .venv,
# and makes it anew only when pyproject.toml or requirements.lock changes.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
INSTALL := pip install --quiet --constraint requirements.lock --editable '.[dev]'
SITE := pip install --quiet --constraint requirements.lock --editable '.[dev,site]'

CORE := $(wildcard notebooks/0[0-6]_*.ipynb)
LABS := $(notdir $(basename $(filter-out $(CORE),$(wildcard notebooks/[0-9][0-9]_*.ipynb))))

export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
.PHONY: help course labs test test_students test_solutions soak site site_test lab notebooks clean

help: ## list these commands
	@echo 'make COMMAND, where COMMAND is one of'
	@sed -n 's/^\([a-z]*\):.*## /  \1: /p' Makefile
	@echo 'Another interpreter is chosen by make PYTHON=python3.12 COMMAND.'

course: $(READY) ## run notebooks 00 to 06 on this machine (15 to 40 minutes on two cores)
	@$(BIN)/pix2pix-course run 00 01 02 03 04 05 06 --profile cpu --output build/course

labs: $(READY) ## run notebooks 07 and up, the experiments, showing their progress (under 25 minutes)
	@$(BIN)/pix2pix-course run $(LABS) --profile cpu --output build/labs --follow

# Every notebook of both editions runs once, under the smoke profile, and both print the facts that
# their authors stored under cpu:
# - student editions as students run them headless: `run` (papermill), then `notebooks compare`;
# - solution editions, which hold all cells of the student editions and the solutions, by nbval, on
#   copies with smoke's parameters and the stored outputs: it runs each cell and compares.
# That a run can be repeated follows: these two and the stored one agree on each fact.
# Notebook 06 reads what 05 has trained, so that a process runs an edition in order.
test: $(READY) ## lint, spelling, unit tests, and a smoke run of every notebook (15 to 25 minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile
	$(BIN)/pix2pix-course editions check
	rm -rf build/smoke
	$(MAKE) --jobs=2 test_students test_solutions
	@echo 'make test: lint, spelling, unit tests, smoke runs and nbval have passed'

# two processes on two cores: more threads would only get in each other's way
test test_students test_solutions: export TF_NUM_INTRAOP_THREADS = 1
test test_students test_solutions: export OMP_NUM_THREADS = 1

test_students:
	$(BIN)/pix2pix-course run --profile smoke --timeout 300 --output build/smoke
	$(BIN)/pix2pix-course notebooks compare build/smoke

test_solutions:
	$(BIN)/pix2pix-course notebooks inject build/smoke/solutions --notebooks notebooks/solutions
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout 300 \
		-p no:cacheprovider build/smoke/solutions

soak: $(READY) ## kill a training thirty times, and compare its end with an unbroken one (20 to 30 minutes)
	$(BIN)/python tests/soak.py

# The drawing page brings the gallery's generator, and six maps of the painted test set.
site: $(READY) .venv/.site ## build the web site, with the drawing page, into build/site (needs npm)
	$(BIN)/python docs/site/build.py --output build/site
	test -d build/maps || \
		$(BIN)/pix2pix-course data paint --output build/maps --train 1 --val 0 --test 6
	$(BIN)/pix2pix-course demo pix2pix_course/gallery --dataset build/maps --build-only \
		--output build/site/draw

site_test: site ## try the site and the drawing page in Chromium (its path: CHROMIUM)
	rm -rf build/browser && mkdir -p build/browser
	cp -r tests/browser/*.mjs tests/browser/package.json build/browser
	cp -r build/site/draw build/browser
	$(BIN)/python tests/browser/expected.py build/browser/draw
	npm install --no-audit --no-fund --prefix build/browser
	PAGE_FOLDER=$(CURDIR)/build/browser/draw SITE_FOLDER=$(CURDIR)/build/site \
		node --test build/browser/*.test.mjs

lab: $(READY) ## open the notebooks in JupyterLab
	$(BIN)/jupyter-lab notebooks

notebooks: $(READY) ## for authors: make notebooks from their sources, re-run what changed
	$(BIN)/pix2pix-course notebooks build $(if $(ALL),--all)

clean: ## remove everything that was run or built; the environment and the data stay
	rm -rf build notebooks/runs notebooks/solutions/runs .pytest_cache .ruff_cache .hypothesis

# uv installs in a minute what takes pip several; where it cannot be had, pip does it. Like pip it
# compiles what it installs: else each of a hundred processes would, where none may write that down.
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "The course needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is none of these." \
			"Name one that is: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo 'No environment could be made. On Debian and Ubuntu install python3-venv;' \
			'then remove .venv and try again.' >&2; exit 1; }
	@echo 'Making the environment in .venv; this downloads about 1 GB once.'
	@if uv --version >/dev/null 2>&1; then uv=uv; \
	elif $(BIN)/python -m pip install --quiet uv; then uv=$(BIN)/uv; \
	else uv=; fi; \
	{ test -n "$$uv" && $$uv $(INSTALL) --compile-bytecode --python $(BIN)/python; } || \
	$(BIN)/python -m $(INSTALL)
	@touch $@

.venv/.site: $(READY)
	@echo 'Adding Sphinx to the environment.'
	@uv $(SITE) --python $(BIN)/python 2>/dev/null || $(BIN)/uv $(SITE) --python $(BIN)/python \
	2>/dev/null || $(BIN)/python -m $(SITE)
	@touch $@
