# The few commands a person types. `make help` lists them.
PORT ?= 8080
# Many tests wait for servers: more at a time than there are cores.
TEST_PROCESSES ?= 4
.DEFAULT_GOAL := help
.PHONY: docs help setup setup-dev serve test check bench fuzz variants soak overload load capacity simulation compare container lock format

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## make the virtual environment with what the server needs
	@.ci/setup requirements.lock

setup-dev:  ## the same plus test and development tools
	@.ci/setup requirements-dev.lock

serve: setup  ## start a demo on 127.0.0.1:8080 (PORT=… overrides) and print signed links
	@SAFELIGHT_PORT=$(PORT) .venv/bin/safelight serve --demo

check: setup-dev  ## format check, lint, types, import contracts
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test: setup-dev  ## everything that proves the project
	@# While servers are fetched, a core is free.
	@.ci/setup-servers & .ci/setup-edge-tools & \
	    $(MAKE) --no-print-directory check; status=$$?; wait; exit $$status
	@.ci/run-tests $(TEST_PROCESSES)

bench: setup-dev  ## the benchmark table, side by side in one run
	@.venv/bin/python -m loadtests.bench

fuzz: setup-dev  ## 100,000 spoilt pictures through real workers (SEED=… for others)
	@.venv/bin/python -m loadtests.fuzz --seed $(or $(SEED),1)

variants: setup-dev  ## 100,000 requests while everything changes: nobody gets a wrong variant
	@SAFELIGHT_TEST_REQUESTS=20000 .venv/bin/python -m pytest -q tests/origin/test_wrong_variant.py

soak: setup-dev  ## mixed work for 20 minutes (MINUTES=…): memory and descriptors must stay flat
	@.ci/setup-servers
	@.venv/bin/python -m loadtests.soak --minutes $(or $(MINUTES),20)

overload: setup-dev  ## ten times the capacity for 5 minutes, alone on the machine
	@.venv/bin/python -m loadtests.overload

load: setup-dev  ## a load scenario and its report (SCENARIO=steady|cold|spike|… MINUTES=5)
	@.ci/setup-servers
	@.venv/bin/python -m loadtests.scenarios $(or $(SCENARIO),steady) --minutes $(or $(MINUTES),5)

capacity: setup-dev  ## what a traffic needs of machines like this one: table and plot
	@.ci/setup-servers
	@.venv/bin/python -m loadtests.capacity --plot build/capacity.png

simulation: setup-dev  ## which tier would answer in a fleet whose nodes come and go: table and plot
	@.venv/bin/python -m loadtests.simulation --plot build/simulation.png

compare: setup-dev  ## Thumbor, ipx and nginx beside this server, on the same pictures
	@.ci/setup-peers
	@.venv/bin/python -m loadtests.compare

container:  ## build the Dockerfile without an engine, start it, ask it for a picture (root, Debian)
	@.ci/container

format: setup-dev  ## rewrite the code in the house format
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

docs: setup-dev  ## renew the generated tables in README.md and docs/
	@.venv/bin/python -m origin.docs
	@.venv/bin/python -B edge-config/grafana/dashboard.py

lock: setup-dev  ## renew both lock files (needs network)
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header pyproject.toml --group build -o requirements.lock
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header pyproject.toml --group build --group dev --group load \
	    -o requirements-dev.lock
