# Chekan. `make` alone lists what can be asked for.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
DAY ?= short
TILL ?= shtrih
FUZZTIME ?= 30s
SEED ?= 1

# Tools are pinned: buf and sqlc in tools/go.mod, the linter here (its libraries would not fit beside theirs).
BUF := go tool -modfile=../tools/go.mod buf
SQLC := CGO_ENABLED=0 go tool -modfile=$(CURDIR)/tools/go.mod sqlc
LINT := CGO_ENABLED=0 go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

WEB := cloud/web
DIST := cloud/internal/site/dist
MODULES := $(WEB)/node_modules/.package-lock.json
GENERATED := proto/gen cloud/web/src/gen cloud/internal/store/db

## The product

.PHONY: run
run: deps-run build ## start simulator, agent and cabinet, and play a morning (DAY=full: a whole day; TILL=fnprint: a fiscal memory and a printer); Ctrl-C stops
	@exec bin/chekan-sim demo --dir ./run$(if $(filter-out shtrih,$(TILL)),-$(TILL)) --till $(TILL) --agent bin/chekan-agent --cloud bin/chekan-cloud --day $(DAY)

.PHONY: build
build: web programs ## build the three programs, with the cabinet's pages inside, into bin/

.PHONY: programs
programs:
	@mkdir -p bin
	@for name in agent cloud sim; do \
		CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/chekan-$$name ./$$name; \
	done

.PHONY: web
web: $(MODULES) ## build the cabinet's pages into cloud/internal/site/dist
	@stamp=$(DIST)/.built; \
	if [ -e $$stamp ] && [ -z "$$(find $(WEB) -path $(WEB)/node_modules -prune -o -path $(WEB)/e2e -prune -o -type f -newer $$stamp -print -quit)" ]; then exit 0; fi; \
	(cd $(WEB) && npm run --silent build) && touch $$stamp

$(MODULES): $(WEB)/package-lock.json
	@echo "Installing the cabinet's npm packages." >&2
	@cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error --fetch-retries=5
	@touch $@

## Tests

# Packages whose runs are too long under the race detector; `make test` runs them without it.
UNRACED := ./agent/internal/explore/... ./agent/internal/powercut/... ./installers/linux
# Tests of thousands of calls each, the same without it.
CROWDED := ^(TestRights|TestMoneyBlind)
# Packages at a time: half of them wait for programs to start, to be killed and to come back, and would leave the processors idle.
AT_ONCE := $(shell echo $$(( $$(nproc) + 1 )))
# Packages that drive a browser: beside other packages it would get too little of a small computer.
ALONE := ./agent/internal/verdict

.PHONY: test
test: deps-test test-web build test-go test-usb e2e ## every test: Go on SQLite and PostgreSQL, the pages, the cabinet in a browser

.PHONY: test-go
test-go: ## every Go test; starts a PostgreSQL of its own
	@tools/with-postgres.sh $(MAKE) test-go-with-postgres

.PHONY: test-go-with-postgres
test-go-with-postgres:
	@apart=$$(go list $(UNRACED) $(ALONE)); \
	go test -p $(AT_ONCE) -race -shuffle=on -timeout 15m -skip '$(CROWDED)' $$(go list ./... | grep -vxF "$$apart")
	@go test -race -shuffle=on -timeout 15m $(ALONE)
	@go test -shuffle=on -timeout 15m $(UNRACED)
	@go test -shuffle=on -timeout 15m -run '$(CROWDED)' ./cloud

.PHONY: test-usb
test-usb: deps-test ## printers on USB: real libusb under umockdev (docs/usb.md)
	@CGO_ENABLED=1 go vet -tags usb ./drivers/... ./agent
	@CGO_ENABLED=1 go test -race -shuffle=on -timeout 5m -tags usb ./drivers/wire/...

.PHONY: test-web
test-web: $(MODULES) ## unit tests of the cabinet's pages
	@cd $(WEB) && npm test --silent && npm run --silent size

.PHONY: e2e
e2e: deps-test build ## the cabinet in a headless browser, against the real programs
	@cd $(WEB) && npm run --silent e2e

.PHONY: picture
picture: e2e ## take the README's picture of the cabinet anew
	@cp $(WEB)/e2e/artifacts/cabinet.png docs/cabinet.png

# Points explored so far, for a later run of the same program.
EXPLORED := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/chekan/explored

.PHONY: explore
explore: ## break everything at every byte (POINTS=, THIN=, SEED=; goes on where it was stopped), and print one EXPLORED line
	@go test -count=1 -timeout 300m -v -run Explore ./agent/internal/explore -everything -points $(or $(POINTS),0) -thin $(or $(THIN),1) -seed $(or $(SEED),1) \
		-resume $(EXPLORED)/$(or $(SEED),1).points | grep --line-buffered -vE '^ *(=== |--- PASS|PASS$$|ok )'

.PHONY: powercut
powercut: deps-powercut ## cut the power at writes and flushes (root; SEED=1), and print one POWERCUT line
	@CGO_ENABLED=0 go test -count=1 -timeout 40m -ldflags '-s -w' -v -run '^TestPowerCut$$' ./agent/internal/powercut -full -seed $(SEED) | \
		grep --line-buffered -vE '^(=== |--- PASS|PASS$$|ok )'

.PHONY: usb-vm
usb-vm: deps-usb-vm ## print over USB by a real kernel in a virtual machine (ROUNDS=3), and print one USBVM line
	@CGO_ENABLED=1 go test -count=1 -timeout 20m -tags usb -v -run '^TestVM$$' ./drivers/wire/usbtest -vm -rounds $(or $(ROUNDS),3) | \
		grep --line-buffered -vE '^(=== |--- PASS|PASS$$|ok )'

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@status=0; \
	for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . --exclude-dir=node_modules | xargs -n1 dirname | sort -u); do \
		for target in $$(go test -list '^Fuzz' $$dir | grep '^Fuzz'); do \
			echo "== $$dir $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$dir || status=1; \
		done; \
	done; exit $$status

.PHONY: bench
bench: programs ## measure, and print one BENCH line a figure with its goal
	@dirs=$$(grep -rl --include='*_test.go' '^func TestBench' . --exclude-dir=node_modules | xargs -n1 dirname | sort -u); \
	log=$$(mktemp); trap 'rm -f $$log' EXIT; \
	go test -tags bench -run '^$$' $$dirs > /dev/null; \
	go test -p 1 -count=1 -timeout 30m -tags bench -run '^TestBench' -v $$dirs 2>&1 | tee $$log | sed -nE 's/^.*(BENCH [a-z])/\1/p' || \
		{ grep -vE '^(=== |BENCH )' $$log >&2; exit 1; }

## What is installed

# A number given by hand (VERSION=1.2.3) or the tag; without a tag the commit's time makes one.
RELEASE = $(shell go run ./installers/packages --print-version $(if $(filter command environment,$(firstword $(origin VERSION))),--version $(VERSION)))

.PHONY: packages
packages: deps-packages web ## deb, rpm, apk and MSI for every processor into dist/, with lists of parts and SHA256SUMS (VERSION=1.2.3)
	@release='$(RELEASE)'; \
	go run ./installers/packages --out dist --version "$$release" $(if $(UPDATE_ROOT),--root-keys $(UPDATE_ROOT)); \
	$(MAKE) msi VERSION="$$release"

.PHONY: msi
msi: deps-packages ## the MSI for Windows alone, into dist/ too; signed by SIGN_CERT and SIGN_KEY or SIGN_PKCS12, else by a development key
	@release='$(RELEASE)'; \
	go run ./installers/windows -out dist -version "$$release" $(if $(UPDATE_ROOT),-root $(UPDATE_ROOT))
	@cd dist && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%f\n' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS

.PHONY: test-installers
test-installers: deps-test web ## install, upgrade and remove: packages in a Debian that boots (root), the MSI under Wine; docs/install.md word by word
	@go test -count=1 -timeout 40m -v ./installers/... | grep --line-buffered -vE '^(=== |PASS$$|ok )'

.PHONY: packages-same
packages-same: deps-packages ## build the packages of this commit twice, in two places, and compare every byte
	@installers/packages/twice.sh

## Before a change lands

.PHONY: check
check: lint web-lint same test ## everything a change has to pass: lint, generated code current, every test

.PHONY: lint
lint: ## golangci-lint with the house rules (.golangci.yml), and buf on proto/
	@$(LINT) run ./...
	@go vet -tags bench ./...
	@cd proto && $(BUF) lint

.PHONY: web-lint
web-lint: $(MODULES) ## types and style of the cabinet's pages
	@cd $(WEB) && npm run --silent check

.PHONY: gen
gen: $(MODULES) gen-go ## make Go, TypeScript and SQL code from proto/ and cloud/internal/store/queries
	@cd proto && $(BUF) generate --template buf.gen.web.yaml

.PHONY: gen-go
gen-go: ## the Go part of gen; needs no Node
	@cd proto && $(BUF) generate
	@cd cloud/internal/store && $(SQLC) generate

.PHONY: same
same: gen ## generate again: what is committed must not change
	@git diff --exit-code -- $(GENERATED) && test -z "$$(git status --porcelain -- $(GENERATED))" || \
		{ echo 'The generated code is not current: run `make gen` and commit what it changes.' >&2; exit 1; }

## Housekeeping

.PHONY: deps
deps: deps-test $(MODULES) ## install what the tests need: a C compiler, PostgreSQL, Chromium, fonts, Node, npm packages

.PHONY: deps-run deps-test deps-packages deps-powercut deps-usb-vm
deps-run:
	@tools/deps.sh run
deps-test:
	@tools/deps.sh test
deps-packages:
	@tools/deps.sh packages
deps-powercut:
	@tools/deps.sh powercut
deps-usb-vm:
	@tools/deps.sh usb-vm

.PHONY: clean
clean: ## remove what was built and the data of `make run`
	@rm -rf bin dist run run-fnprint $(WEB)/node_modules
	@find $(DIST) -mindepth 1 ! -name .keep -delete 2>/dev/null || true

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^## / { printf "\n%s\n", substr($$0, 4) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
