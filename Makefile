# Sereno's commands. `make help` lists them; each also runs what it needs first.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Cargo already uses every core, and the order of the checks is meant.
.NOTPARALLEL:

export SERENO_CACHE_DIR ?= $(HOME)/.cache/sereno
export SERENO_MODELS_DIR ?= $(SERENO_CACHE_DIR)/models
# By which the tests prove the policies a second time.
CVC5 = $(SERENO_CACHE_DIR)/tools/bin/cvc5

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
SERENO     := $(TARGET_DIR)/release/sereno
TOOLS      := $(SERENO_CACHE_DIR)/tools
# Empty on a machine whose own Node.js is new enough.
NPM        := cd web && PATH="$(TOOLS)/node/bin:$$PATH" npm
# Arguments for `make run`: make run ARGS='--config my.toml'
ARGS       ?=

CONSOLE_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

# One named step: says what runs, and when it fails, what failed and what to do.
# $(1) name, $(2) command, $(3) what to do next
define step
@echo "==> $(1)"
@( $(2) ) || { echo "$(1) failed. $(3)" >&2; exit 1; }
endef

.PHONY: help
help: ## This list
	@echo "Sereno: make TARGET"
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target what; do printf '  %-15s %s\n' "$$target" "$$what"; done

.PHONY: run
run: build ## Build, then start Sereno with the sample site and alarms (ARGS='…' adds options)
	@exec $(SERENO) serve --samples $(ARGS)

.PHONY: setup
setup: ## Install missing system packages, get the models (pinned by hash)
	@config/setup/packages.sh
	@config/setup/tools.sh node
	@models/setup.sh

.PHONY: setup-tests
setup-tests: ## Install what the checks need besides: PostgreSQL, typos, cargo-deny, cvc5
	@config/setup/packages.sh --tests
	@config/setup/tools.sh checks
	@config/setup/tools.sh cvc5

# Apart from setup-tests, because compiling it takes minutes and the quick checks do not need it.
.PHONY: setup-server
setup-server: ## Compile llama-server, which the tests of remote models run
	@config/setup/packages.sh
	@config/setup/tools.sh server

.PHONY: build
build: setup console ## Build the console and the release binary
	@[[ -x $(SERENO) ]] || echo "The first build compiles llama.cpp: about 20 minutes on 2 cores."
	$(call step,cargo build,cargo build --release --locked,The first error above says where.)

.PHONY: console
console: setup web/dist/index.html ## Build the console into web/dist, when its sources changed

# npm ci empties the folder first, so this mark stands for a complete installation.
web/node_modules/.installed: web/package.json web/package-lock.json
	$(call step,npm ci,$(NPM) ci --no-audit --no-fund,Check the connection to the npm registry and run the same command again.)
	@mkdir -p $(@D) && touch $@

web/dist/index.html: web/node_modules/.installed $(CONSOLE_SOURCES)
	$(call step,console build,$(NPM) run build,The first error above says where.)
	@touch $@

# What fails in seconds comes before the build. The Rust tests come last, so that their summary ends the output.
.PHONY: test
test: setup-tests fmt typos deny check-console build clippy test-console test-policy test-rust ## Build and every check: lint, console, policies, Rust tests

.PHONY: test-rust
test-rust: build setup-server ## Only the Rust tests
	$(call step,documentation tests,cargo test --release --locked --doc,Mend the example that is named above.)
	$(call step,cargo test,CVC5=$(CVC5) cargo test --release --locked --lib --bins --tests,The failed tests are named above; run one with: cargo test --release NAME.)

.PHONY: test-policy
test-policy: build setup-tests ## Only the policies' proofs and cases
	$(call step,policy proofs,CVC5=$(CVC5) $(SERENO) policy check,What is wrong with which rule stands above.)
	$(call step,policy cases,$(SERENO) policy test,A case above does not get the ruling it expects: mend the rule or the case.)

.PHONY: test-console
test-console: check-console ## Only the console's type check and tests
	$(call step,console tests,$(NPM) test --if-present,The failed tests are named above.)

.PHONY: lint
lint: setup setup-tests fmt typos deny clippy check-console ## Formatting, spelling, licences, clippy, types

.PHONY: fmt
fmt: ## Is the Rust code formatted?
	$(call step,cargo fmt,cargo fmt --check,Run: cargo fmt)

.PHONY: clippy
clippy: console ## Does clippy find nothing?
	$(call step,clippy,cargo clippy --release --all-targets --locked -- -D warnings,Mend what it says; where it is wrong use #[expect(lint$(comma) reason = \"…\")].)

.PHONY: typos
typos: setup-tests ## Is everything spelt right?
	$(call step,typos,$(TOOLS)/bin/typos,Mend the words above or add the rightly spelt ones to typos.toml.)

# The host only: offline, Cargo has no other target's crates.
.PHONY: deny
deny: setup-tests ## May each dependency come in (licence and source)?
	$(call step,cargo-deny,cargo fetch --quiet --locked --target $(HOST) && $(TOOLS)/bin/cargo-deny --offline --locked --target $(HOST) check bans licenses sources,deny.toml says what may come in.)

.PHONY: check-console
check-console: setup web/node_modules/.installed ## Do the console's types hold?
	$(call step,console type check,$(NPM) run check,The first error above says where.)

.PHONY: bench
bench: build setup-server ## Measure speed
	$(call step,cargo bench,cargo bench --locked,The error above says what.)

.PHONY: docs
docs: build ## The Rust documentation, into target/doc
	$(call step,cargo doc,RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --no-deps,Mend the links above.)

.PHONY: clean
clean: ## Remove what was built here; models and tools in the cache folder stay
	cargo clean
	rm -rf web/dist web/node_modules

comma := ,
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
