# bash, as recipes hand their signals to the one program that they become; a failing part fails the whole line.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

python := .local/venv/bin/python
setup := scripts/local/setup.sh
pytest := $(setup) tests && exec $(python) -m pytest
# The kernel stops the program if make is gone and it is not.
foreground := exec setpriv --pdeathsig TERM $(python) -m

export PORT VIDEO JSON OVERLAY REGISTRY CONFIRM CORPUS
# All that is written lies under .local/, bytecode and the tools' memory too.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.local/bytecode
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.local/hypothesis

help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try it
demo: ; @$(setup) && $(foreground) scripts.local.demo ## Convert one video, start to end (VIDEO=path for your own)
run: ; @$(setup) && $(foreground) scripts.local.run ## Start the system on http://127.0.0.1:8080 (PORT= changes it)
ps: ; @test -x $(python) || { echo "Nothing runs." >&2; exit 1; }; exec $(python) -m scripts.local.ps ## List what runs (JSON=1 for programs)
# The laptop's while that runs, the cluster's otherwise.
replay: ; @if $(python) -m scripts.local.ps >/dev/null 2>&1; then export PYTHONPATH=. MONGODB_URL=$$(cat .local/run/secrets/mongodb-replay/url) && exec $(python) infra/replay/replay.py; else exec scripts/cluster/replay.sh; fi ## Send dead letters again
setup: ; @$(setup) ## Install what is missing (demo and run do it too)
clean: ; @if [[ -x $(python) ]]; then exec $(python) -m scripts.local.clean; else rm -rf .local; fi ## Forget everything under .local/

##@ Run it on Knative
minikube: ; @exec scripts/cluster/minikube.sh ## From nothing to the system on Minikube
images: ; @exec scripts/cluster/images.sh ## Build the functions' images and load or push them (IMAGE_LOAD= a command, REGISTRY=)
deploy: ; @exec scripts/cluster/deploy.sh ## Onto the kubeconfig's cluster (OVERLAY=managed: stores elsewhere; REGISTRY=)
status: ; @exec scripts/cluster/status.sh ## Functions, broker, triggers, sources, queues, pods
logs: ; @exec scripts/cluster/logs.sh $(FUNCTION) ## Follow a function's logs (FUNCTION=convert)
k9s: ; @exec scripts/cluster/k9s.sh ## K9s on the namespace, with views of ours
undeploy: ; @exec scripts/cluster/undeploy.sh ## Delete the namespace and all data (CONFIRM=yes: does not ask)

##@ Test it
test: lint test-unit test-manifests test-contract test-integration test-properties test-api test-journey ## All but clusters, MySQL 9, benchmarks and what takes long
lint: ; @$(setup) tests && scripts/lint.sh ## Style, types, dependencies between modules, insecure code, secrets, known vulnerabilities
test-unit: ; @$(pytest) tests/unit ## Functions and broker without servers, in seconds
test-manifests: ; @$(pytest) tests/manifests ## The cluster's manifests as they render: safe, whole, valid
test-contract: ; @$(pytest) tests/contract ## The broker's contract, on RabbitMQ
test-integration: ; @$(pytest) tests/integration ## Each function against real servers
test-properties: ; @$(pytest) tests/properties --hypothesis-profile short ## A job's life in any order of steps, crashes and waits; for a minute
test-api: ; @$(pytest) tests/api --hypothesis-profile api --timeout 600 ## The API as its document has it: every route, schemathesis with some hundred cases
test-journey: ; @$(pytest) tests/journey tests/hostile/test_one_of_each.py tests/hostile/test_canary.py tests/chaos/test_in_short.py tests/corpus/test_in_short.py tests/limits --ignore tests/limits/test_whole.py ## The whole system through its gateway; hostile, whole and damaged files, kills and crowds too
test-mysql: ; @$(setup) tests && exec scripts/local/mysql.sh $(python) -m pytest tests/integration/auth tests/integration/privileges/test_mysql.py ## Auth and its rights on MySQL 9
test-cluster: ; @$(pytest) tests/cluster --ignore tests/cluster/long -v ## What runs on the kubeconfig's cluster, after `make deploy`; 15 minutes
test-cluster-slow: ; @$(pytest) tests/cluster/long -v ## There too: an upload of eleven minutes
bench: ; @$(setup) tests && exec $(python) -m tests.bench ## Speed and memory, side by side with bare tools
bench-cluster: ; @$(setup) tests && exec $(python) -m tests.bench.cluster ## A deployed system: cold starts and their parts, to the mail, many clips

##@ Test it at length
properties: ; @$(pytest) tests/properties --hypothesis-profile long --timeout 10800 -s ## A job's life for half a million steps, in at most three hours
api: ; @$(pytest) tests/api --hypothesis-profile api-long --timeout 3600 -s ## The API with more than 10,000 cases, in at most an hour
hostile: ; @$(pytest) tests/hostile/test_every_file.py -v ## Every hostile file through the whole system; two minutes, a quarter of an hour on a busy machine
corpus: ; @$(pytest) tests/corpus/test_whole.py -v -s ## 1,257 files, whole and damaged, through the whole system; seven minutes (CORPUS=FOLDER: your own)
chaos: ; @$(pytest) tests/chaos/test_at_length.py -v --session-timeout 2700 ## Every process killed in turn, servers away, a disk full; at most 45 minutes
limits: ; @$(pytest) tests/limits/test_whole.py -v ## Limits at their whole size: 4 GiB and a byte, crowds of slow clients; three to eight minutes, 12 GiB of disk

##@ Develop it
audit: ; @$(setup) tests && scripts/audit.sh ## Known vulnerabilities alone, which lint asks for too; this fails where PyPI does not tell
lock: ; @$(setup) tests && scripts/lock.sh ## Lock all dependencies anew after a change in pyproject.toml

.PHONY: help demo run ps replay setup clean minikube images deploy status logs k9s undeploy test lint test-unit test-manifests test-contract test-integration test-properties test-api test-journey properties api hostile corpus chaos limits test-mysql test-cluster test-cluster-slow bench bench-cluster audit lock
