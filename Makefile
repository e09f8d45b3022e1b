# bash, as recipes hand their signals to the one program that they become; a failing part fails the whole line.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

# Every target with a help text is a command, none a file.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))

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
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try it
demo: ## Convert one video, start to end (VIDEO=path for your own)
	@$(setup) && $(foreground) scripts.local.demo

run: ## Start the system on http://127.0.0.1:8080 (PORT= changes it)
	@$(setup) && $(foreground) scripts.local.run

ps: ## List what runs (JSON=1 for programs)
	@test -x $(python) || { echo "Nothing runs." >&2; exit 1; }; exec $(python) -m scripts.local.ps

replay: ## Republish dead letters: of the system on this machine while it runs, of the cluster otherwise
	@exec scripts/replay.sh

setup: ## Install what is missing (demo and run do it too)
	@$(setup)

clean: ## Forget everything under .local/
	@if [[ -x $(python) ]]; then exec $(python) -m scripts.local.clean; else rm -rf .local; fi

##@ Run it on Knative
minikube: ## From nothing to the system on Minikube
	@exec scripts/cluster/minikube.sh

images: ## Build the functions' images and load or push them (IMAGE_LOAD= a command, REGISTRY=)
	@exec scripts/cluster/images.sh

deploy: ## Onto the kubeconfig's cluster (OVERLAY=managed: stores elsewhere; REGISTRY=)
	@exec scripts/cluster/deploy.sh

status: ## Functions, broker, triggers, sources, queues, pods
	@exec scripts/cluster/status.sh

logs: ## Follow a function's logs (FUNCTION=convert)
	@exec scripts/cluster/logs.sh $(FUNCTION)

k9s: ## K9s on the namespace, with views of ours
	@exec scripts/cluster/k9s.sh

undeploy: ## Delete the namespace and all data (CONFIRM=yes: does not ask)
	@exec scripts/cluster/undeploy.sh


##@ Test it
test: ## All suites but those below that need a cluster, MySQL 9 or a long time: two suites at a time, ten minutes
	@$(setup) tests && exec scripts/test.sh

lint: ## Style, types, dependencies between modules, insecure code, secrets, known vulnerabilities
	@$(setup) tests && exec scripts/lint.sh

test-unit: ## Functions and broker without servers, in seconds
	@$(pytest) tests/unit

test-manifests: ## The cluster's manifests as they render, and the images' Dockerfile: safe, whole, valid
	@$(pytest) tests/manifests

test-contract: ## The broker's contract, on RabbitMQ
	@$(pytest) tests/contract

test-integration: ## Each function against real servers
	@$(pytest) tests/integration -m "not timing"

test-properties: ## A job's life in any order of steps, crashes and waits; for a minute
	@$(pytest) tests/properties --hypothesis-profile short

test-api: ## The API against its OpenAPI document: every route, some hundred cases of schemathesis
	@$(pytest) tests/api --hypothesis-profile api --timeout 600

test-journey: ## The whole system through its gateway; some hostile, whole and damaged files, and kills
	@$(pytest) tests/journey $(addprefix tests/,hostile/test_one_of_each.py hostile/test_canary.py chaos/test_in_short.py corpus/test_in_short.py)

test-timing: ## What measures time, so alone: login timing, crowds of slow clients, many logins, large videos
	@$(pytest) tests/integration/auth tests/limits -m timing --ignore tests/limits/test_whole.py

test-mysql: ## auth and its database user on MySQL 9
	@$(setup) tests && exec scripts/local/mysql.sh $(python) -m pytest tests/integration/auth tests/integration/privileges/test_mysql.py

test-cluster: ## The system that `make deploy` put onto the kubeconfig's cluster; 15 minutes
	@$(pytest) tests/cluster --ignore tests/cluster/long -v

bench: ## Speed and memory, side by side with bare tools
	@$(setup) tests && exec $(python) -m tests.bench

bench-cluster: ## Speed of a deployed system: cold starts and their parts, time to the mail, many clips
	@$(setup) tests && exec $(python) -m tests.bench.cluster

##@ Test it at length
test-properties-long: ## A job's life for half a million steps, in at most three hours
	@$(pytest) tests/properties --hypothesis-profile long --timeout 10800 -s

test-api-long: ## The API with more than 10,000 cases, in at most an hour
	@$(pytest) tests/api --hypothesis-profile api-long --timeout 3600 -s

test-hostile-long: ## Every hostile file through the whole system; two minutes, a quarter of an hour on a busy machine
	@$(pytest) tests/hostile/test_every_file.py -v

test-corpus-long: ## 1,257 files, whole and damaged, through the whole system; seven minutes (CORPUS=FOLDER: your own)
	@$(pytest) tests/corpus/test_whole.py -v -s

test-chaos-long: ## Every process killed in turn, servers away, a disk full; at most 45 minutes
	@$(pytest) tests/chaos/test_at_length.py -v --session-timeout 2700

test-limits-long: ## Limits at full size: 4 GiB and one byte, crowds of slow clients; three to eight minutes, 12 GiB of disk
	@$(pytest) tests/limits/test_whole.py -v

test-cluster-long: ## An upload of eleven minutes to a deployed system
	@$(pytest) tests/cluster/long -v

##@ Develop it
audit: ## Known vulnerabilities alone, which lint asks for too; fails where PyPI gives no answer
	@$(setup) tests && exec scripts/audit.sh

lock: ## Lock all dependencies anew after a change in pyproject.toml
	@$(setup) tests && exec scripts/lock.sh
