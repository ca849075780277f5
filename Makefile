.DEFAULT_GOAL := help
SHELL := /bin/bash
STACK ?= dev
VIDEO ?=
WORKERS ?= 3

PYTHON_BIN := .venv/bin/python
DEPLOY = $(PYTHON_BIN) -m tools.deploy --stack "$(STACK)" --confirm "$(CONFIRM)" $(if $(YES),--yes) $(if $(SECRETS),--show-secrets)
export PYTHONPATH := services
export PULUMI_ERROR_OUTPUT_STRING := true
unexport PYTHONDONTWRITEBYTECODE

# Tests run on the PostgreSQL that AWS runs, where it could be fetched; local mode keeps to Debian's.
suite test-integration test-long test-e2e test-faults: export VIDEO_PLATFORM_POSTGRES = $(shell cat .postgres/programs 2>/dev/null)

.PHONY: help setup postgres redrive demo test suite test-long test-unit test-integration test-e2e test-faults test-api soak lint format typecheck synth up down status package preview deploy refresh outputs destroy docs openapi constraints bench-media bench-api test-corpus corpus-families cases test-browser test-chunk-kills test-image image-lock hostile fence-table bench-fence clean snapshots pictures

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.complete ## Install system packages and the virtual environments

.venv/.complete: requirements.txt requirements-dev.txt constraints.txt services/metadata_api/requirements.txt services/processor/requirements.txt local/emulator-requirements.txt tools/setup.sh $(wildcard services/media/tools/launcher/*)
	@tools/setup.sh

.venv-checks/.complete: tests/policy/requirements.txt .venv/.complete
	@tools/setup.sh checks

postgres: setup
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tools.postgres

demo: setup ## Process a real video end to end on this machine (VIDEO=path takes your own)
	@$(PYTHON_BIN) -m local demo --stack $(STACK) $(if $(VIDEO),--video "$(VIDEO)")

test: setup .venv-checks/.complete postgres lint ## Run every check and test (WORKERS=3 share the tests)
	@$(MAKE) --no-print-directory --jobs 2 typecheck suite
	@VIDEO_PLATFORM_POSTGRES="$$(cat .postgres/programs 2>/dev/null)" PYTHONPATH=.:services $(PYTHON_BIN) -m tools.versions

suite: # one core is enough for the type check, so the tests run beside it
	@$(PYTHON_BIN) -m pytest --numprocesses $(WORKERS) --no-loadscope-reorder

test-unit: setup ## Run the tests that need no server
	@$(PYTHON_BIN) -m pytest tests/unit tests/contract

test-integration: setup ## Run the tests against real PostgreSQL, Redis, ffmpeg and the emulator
	@$(PYTHON_BIN) -m pytest tests/integration

test-long: setup ## Run the tests that `make test` leaves out because they take long (WORKERS=3 share them)
	@$(PYTHON_BIN) -m pytest -m long --numprocesses $(WORKERS) --no-loadscope-reorder $(ARGS)

test-e2e: setup ## Run the main job and the failing jobs through the whole local platform
	@$(PYTHON_BIN) -m pytest tests/e2e

test-faults: setup ## Run the tests in which something breaks, as tests/faults/README.md lists them
	@FAULTS=whole $(PYTHON_BIN) -m pytest -m fault --numprocesses $(WORKERS) --no-loadscope-reorder tests/unit tests/contract tests/integration tests/e2e $(ARGS)

soak: setup ## Process many small jobs while things break, then audit the result (JOBS=500, ARGS="--seed 1")
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tests.soak.run --jobs $(or $(JOBS),500) $(ARGS)

test-api: setup ## Ask the API thousands of made-up questions and hold every answer to its description
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tests.fuzz.run $(ARGS)

lint: setup ## Check style, formatting and what may import what
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports --no-logo

format: setup ## Format the code and sort the imports
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

typecheck: setup ## Check the types of all Python code
	@.venv/bin/mypy

synth: setup ## Print the resources of one stack as JSON (STACK=dev|prod)
	@$(PYTHON_BIN) -m local synth --stack $(STACK)

snapshots: setup ## Write what both stacks consist of into tests/policy, for review (also the table of permissions)
	@$(PYTHON_BIN) -m tests.policy.permissions
	@$(PYTHON_BIN) -m tests.policy.snapshots

up: setup ## Start the platform on this machine and leave it running
	@$(PYTHON_BIN) -m local up --stack $(STACK)

down: setup ## Stop the platform; data stay for the next start
	@$(PYTHON_BIN) -m local down --stack $(STACK)

redrive: setup ## Have messages that could not be handled tried again (QUEUE=ingest|webhooks|webhook-reports, all by default)
	@$(PYTHON_BIN) -m local redrive $(QUEUE) --stack $(STACK)

status: setup ## Show what runs and where things are
	@$(PYTHON_BIN) -m local status --stack $(STACK)

package: setup ## Build the Lambda package that a stack deploys (STACK=dev|prod gives the processor architecture)
	@architecture=$$($(PYTHON_BIN) -m tools.stack_value "$(STACK)" cpu_architecture) \
		&& $(PYTHON_BIN) -m artifacts lambda --output build/metadata_api.zip --architecture "$$architecture"

preview: setup ## Check the account, and show what a deployment would change in AWS (STACK=dev|prod)
	@$(DEPLOY) preview

deploy: setup ## Build or update a stack in AWS (YES=1 asks no questions)
	@$(DEPLOY) deploy

refresh: setup ## Compare Pulumi's state with AWS and take over what differs (YES=1 asks no questions)
	@$(DEPLOY) refresh

outputs: setup ## Print a deployed stack's outputs as JSON (SECRETS=1 shows the secret ones too)
	@$(DEPLOY) outputs

rotate: setup ## Replace a secret of a running stack (SECRET=database|redis|signing, FINISH=1 ends the former Redis token, LOCAL=1)
	@$(PYTHON_BIN) -m tools.rotation "$(SECRET)" --stack "$(STACK)" $(if $(FINISH),--finish) $(if $(ANYWAY),--anyway) $(if $(LOCAL),--local)

destroy: setup ## Delete a stack with its data (prod: CONFIRM=prod; YES=1 asks no questions)
	@$(DEPLOY) destroy

docs: setup pictures ## Write the pages that are generated from the code
	@$(PYTHON_BIN) -m tools.configuration_table
	@PYTHONPATH=.:services $(PYTHON_BIN) -m media.inspect.accepted

pictures: setup ## Draw the deployed parts and the packages, and write the tables of docs/architecture.md
	@$(PYTHON_BIN) -m tools.architecture

openapi: setup ## Write the API's description to docs/openapi.json
	@$(PYTHON_BIN) -m metadata_api.describe > docs/openapi.json

constraints: setup ## Pin every transitive package again after a change to a requirements file
	@.venv/bin/uv pip compile --quiet requirements-dev.txt --universal --python-version 3.11 --no-header --no-annotate --upgrade -o constraints.txt
	@sed -i '/^boto3-stubs/s/\[[^]]*\]//; s/^psycopg\[binary\]/psycopg/' constraints.txt

bench-media: setup ## Compare the media work with plain ffmpeg (ARGS="--seconds 5 --rounds 1" for a quick look)
	@PYTHONPATH=.:services $(PYTHON_BIN) -m bench $(ARGS)

test-corpus: setup ## Process the whole corpus: sources singly special, in pairs, and drawn by families (SEED=n MEMBERS=n draw again)
	@CORPUS=whole $(PYTHON_BIN) -m pytest tests/corpus --numprocesses 2
	@$(MAKE) --no-print-directory corpus-families

corpus-families: setup ## Draw only the families of the corpus (SEED=n MEMBERS=30 ARGS="--family rates --member 7")
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tests.corpus.run $(if $(SEED),--seed $(SEED)) --members $(or $(MEMBERS),30) $(ARGS)

cases: setup ## Process every file of a directory and print what came out of each (CASES=directory)
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tests.corpus.table "$(CASES)"

test-browser: setup .browser/.complete ## Play HLS and DASH in headless Chromium (installs Chromium and the players)
	@$(PYTHON_BIN) -m pytest tests/browser

.browser/.complete: tests/browser/package.json tools/setup.sh
	@tools/setup.sh browser

test-image: setup .venv-image/.complete ## Build the processor's image without Docker and run the tests in it (as root; ARGS="-k name" picks tests)
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tools.image test $(ARGS)

image-lock: setup .venv-image/.complete ## Lock the image's Debian packages to the mirror's present versions
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tools.image lock

.venv-image/.complete: tools/image/requirements.txt tests/image/requirements.txt constraints.txt .venv/.complete
	@tools/setup.sh image

test-chunk-kills: setup ## Kill the tasks of a chunked job at ten random moments (`make test` takes three)
	@CHUNK_KILLS=10 $(PYTHON_BIN) -m pytest -m "" tests/integration/processor/test_chunk_kills.py -s

bench-fence: setup ## Compare the fence around the tools with the one before it (ARGS="--seconds 5 --pairs 2" for a quick look)
	@PYTHONPATH=.:services $(PYTHON_BIN) -m bench.fence $(ARGS)

fence-table: setup ## Print what a stranger's code can do from inside a tool: attempts by surroundings (all of them as root)
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tests.fence

hostile: setup ## Print what came of each hostile source: answer, time, memory
	@PYTHONPATH=.:services $(PYTHON_BIN) -m tests.hostile

bench-api: setup ## Compare the API function with a FastAPI twin over 100,000 videos (ARGS="--videos 3000 --seconds 1" for a quick look)
	@PYTHONPATH=.:services $(PYTHON_BIN) -m bench.api $(ARGS)

clean: ## Remove virtual environments, caches and all local data
	@if [ -x $(PYTHON_BIN) ]; then for stack in dev prod; do $(PYTHON_BIN) -m local reset --stack $$stack --yes || true; done; fi
	@if [ -x $(PYTHON_BIN) ] && [ -d build/image/storage ]; then PYTHONPATH=.:services $(PYTHON_BIN) -m tools.image clean; fi
	@rm -rf .venv .venv-emulator .venv-checks .venv-image .venv-bench .browser .postgres .local build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
