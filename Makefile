# bash, so that a recipe can become its program with exec, which then gets the signals. A failing part fails the whole line.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

# Every target with a help text is a command, not a file.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))

python := .local/venv/bin/python
setup := scripts/local/setup.sh
pytest := $(setup) tests && exec $(python) -m pytest
# The kernel stops the program if make dies before it.
foreground := exec setpriv --pdeathsig TERM $(python) -m

export EMAIL PORT VIDEO JSON OVERLAY REGISTRY CONFIRM CORPUS UPGRADE
# Everything is written under .local/, bytecode and the tools' caches too.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.local/bytecode
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.local/hypothesis

help: ## List all commands
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Try it
demo: ## Start the system, convert one video, stop the system (VIDEO=path for your own)
	@$(setup) && $(foreground) scripts.local.demo

run: ## Start the system on http://127.0.0.1:8080 (PORT= changes it; TLS=1 for HTTPS)
	@$(setup) && $(foreground) scripts.local.run

ps: ## List the running processes (JSON=1 prints JSON)
	@test -x $(python) || { echo "Nothing is running." >&2; exit 1; }; exec $(python) -m scripts.local.ps

replay: ## Retry the jobs of dead letters: on this machine if the system is running, otherwise on the cluster
	@exec scripts/replay.sh

user: ## Create an account and print a link to set its password (EMAIL=), on this machine or the cluster
	@exec scripts/user.sh

setup: ## Install what is missing (demo and run do this too)
	@$(setup)

clean: ## Delete everything under .local/
	@if [[ -x $(python) ]]; then exec $(python) -m scripts.local.clean; else rm -rf .local; fi

##@ Run it on Knative
minikube: ## Start Minikube, install Knative, build the images and deploy the system
	@exec scripts/cluster/minikube.sh

images: ## Build the functions' images; push them to REGISTRY=, or load them with the command IMAGE_LOAD=
	@exec scripts/cluster/images.sh

deploy: ## Deploy to the kubeconfig's cluster (REGISTRY=; OVERLAY=managed for your own stores)
	@exec scripts/cluster/deploy.sh

status: ## Show functions, broker, triggers, sources, queues and pods
	@exec scripts/cluster/status.sh

logs: ## Follow a function's logs (FUNCTION=convert)
	@exec scripts/cluster/logs.sh $(FUNCTION)

k9s: ## Open K9s on the namespace, with views for Knative and RabbitMQ
	@exec scripts/cluster/k9s.sh

undeploy: ## Delete the namespace and all data (CONFIRM=yes does not ask)
	@exec scripts/cluster/undeploy.sh


##@ Test it
test: ## All suites but those below that need a cluster, MySQL 9 or a long time: three suites at a time, ten minutes
	@$(setup) tests && exec scripts/test.sh

lint: ## Style, types, dependencies between modules, insecure code, secrets, known vulnerabilities
	@$(setup) tests && exec scripts/lint.sh

test-unit: ## Functions and broker without servers, in seconds
	@$(pytest) tests/unit -m "not timing"

test-manifests: ## The rendered manifests and the Dockerfile: security rules, references, schemas
	@$(pytest) tests/manifests

test-contract: ## The broker's contract, on RabbitMQ
	@$(pytest) tests/contract

test-integration: ## Each function against real servers (FOLDER=one of tests/integration)
	@$(pytest) tests/integration/$(FOLDER) -m "not timing"

test-properties: ## Property tests: a job under any order of steps, crashes and waits; one minute
	@$(pytest) tests/properties --hypothesis-profile short --timeout 600

test-api: ## The API against its OpenAPI document: every route, some hundred schemathesis cases
	@$(pytest) tests/api --hypothesis-profile api --timeout 600

test-journey: ## The whole system through its gateway; some hostile, whole and damaged files, and kills
	@$(pytest) tests/journey $(addprefix tests/,hostile/test_one_of_each.py hostile/test_canary.py chaos/test_in_short.py chaos/test_cuts_in_short.py corpus/test_in_short.py)

test-client: ## The command line, installed from its wheel, against the whole system
	@$(pytest) tests/client

test-browser: ## The page in Chromium, on the whole system: each flow, reloads, lost networks, accessibility
	@$(pytest) tests/browser

screenshots: ## Take the pictures of docs/images anew
	@$(setup) tests && exec $(python) -m tests.browser.screenshots

test-timing: ## Tests that measure time and run alone: login timing, slow clients, many logins, large videos
	@$(pytest) tests/unit tests/integration tests/limits -m timing --ignore tests/limits/test_whole.py

test-mysql: ## auth and its database user on MySQL 9
	@$(setup) tests && exec scripts/local/mysql.sh $(python) -m pytest tests/integration/auth tests/integration/privileges/test_mysql.py

test-cluster: ## The system deployed to the kubeconfig's cluster; 15 minutes
	@$(pytest) tests/cluster --ignore tests/cluster/long -v

bench: ## Speed and memory, compared with bare ffmpeg and GridFS
	@$(setup) tests && exec $(python) -m tests.bench

bench-cluster: ## Speed of the deployed system: cold starts, time to the mail, many clips
	@$(setup) tests && exec $(python) -m tests.bench.cluster

##@ Test it at length
test-properties-long: ## Property tests with half a million steps; at most three hours
	@$(pytest) tests/properties --hypothesis-profile long --timeout 10800 -s

test-api-long: ## The API with more than 10,000 cases; at most one hour
	@$(pytest) tests/api --hypothesis-profile api-long --timeout 3600 -s

test-hostile-long: ## Every hostile file through the whole system; two minutes, a quarter of an hour on a busy machine
	@$(pytest) tests/hostile/test_every_file.py -v

test-corpus-long: ## 1,254 files, whole and damaged, through the whole system; three to seven minutes (CORPUS=FOLDER: your own)
	@$(pytest) tests/corpus/test_whole.py -v -s

test-chaos-long: ## Every process killed in turn, servers away, a disk full; at most 45 minutes
	@$(pytest) tests/chaos/test_at_length.py tests/chaos/test_cuts.py tests/chaos/test_replica_set.py -v --session-timeout 2700

test-limits-long: ## Limits at full size: 4 GiB and one byte, crowds of slow clients; three to eight minutes, 12 GiB of disk
	@$(pytest) tests/limits/test_whole.py -v

test-cluster-long: ## An upload of eleven minutes to a deployed system
	@$(pytest) tests/cluster/long -v

##@ Develop it
audit: ## Known vulnerabilities of Python locks and all images (REGISTRY=); fails if no source of advisories answers
	@$(setup) tests && exec scripts/audit.sh

sbom: ## Write SBOMs (CycloneDX) of Python locks and all images (REGISTRY=) to .local/sbom/
	@$(setup) tests && exec scripts/sbom.sh

pin: ## Record the digests of third-party images and the checksums of the platform's release manifests
	@$(setup) tests && exec scripts/pin.sh

lock: ## Lock all dependencies after a change in pyproject.toml (UPGRADE=imageio-ffmpeg: the newest of a package)
	@$(setup) tests && exec scripts/lock.sh
