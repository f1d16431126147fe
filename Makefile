# make run          build and start dockpass with its defaults; it prints what to do next
# make test         install what the tests need, then check and test everything (as CI does)
# make test-quick   the tests that need nothing but Rust and a C compiler
# make lint         format, lints and documentation
# make bench        measure everything that docs/performance.md shows (under 15 minutes; BENCH='--write' stores it)
# make bench-quick  the same in two minutes, without the large data set
# make profile      where the server's time goes, and a flame graph (needs perf)
# make test-schema  the REST API against its own OpenAPI document (part of `make test`; SEED=N for other questions)
# make soak         the long forms: faults at every system call, floods, many clients, timing; prints figures (an hour)
# make fuzz         every fuzz target under libFuzzer (gets cargo-fuzz if it is not there); FUZZ_SECONDS for each, 60 by default
# make mutants      mutation testing (needs cargo-mutants; some hours); PARTS='domain tokens parsers routes logins'
# make canaries     all of those tests, and how many secrets they looked for in how many places
# make coverage     lines that `make test-quick` reaches, by module (gets llvm-cov of rustc's own LLVM if it is not there)

CARGO ?= cargo

.PHONY: run test test-quick test-e2e test-browser test-instructions test-schema screenshots lint bench bench-quick profile soak fuzz mutants canaries coverage supply-chain tools

run:
	$(CARGO) run --release -- serve

test: tools lint supply-chain test-quick test-e2e test-browser test-instructions test-schema

test-quick:
	$(CARGO) test --no-fail-fast

# Real registries and real clients, and a failing disk: ignored in a plain `cargo test`, since they need what `tools` installs.
test-e2e: tools
	$(CARGO) test --test all -- --ignored e2e:: faults:: upgrade::

# The pages in a real browser, with and without JavaScript, and axe-core on each of them.
test-browser: tools tests/browser/node_modules
	$(CARGO) build
	cd tests/browser && npm test

tests/browser/node_modules: tests/browser/package-lock.json
	cd tests/browser && npm ci --no-audit --no-fund
	touch $@

# Pictures of the pages in docs/screenshots.
screenshots: tools tests/browser/node_modules
	$(CARGO) build
	cd tests/browser && npm run screenshots

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' $(CARGO) doc --no-deps --document-private-items

# Instructions of a token under callgrind: ignored in a plain `cargo test`, since it needs an optimised build.
test-instructions: tools
	$(CARGO) test --test all -- --ignored instructions::

# The REST API against its OpenAPI document, by schemathesis; SEED=N asks other questions.
test-schema: tools
	tests/schemathesis.sh $(SEED)

bench:
	$(CARGO) bench --bench dockpass-bench -- run $(BENCH)

bench-quick:
	$(CARGO) bench --bench dockpass-bench -- run --quick $(BENCH)

profile:
	$(CARGO) bench --bench dockpass-bench -- profile

# Licences, sources and advisories of what is linked.
supply-chain:
	tests/supply-chain.sh

soak: tools
	tests/soak/run.sh

fuzz:
	tests/soak/fuzz.sh

mutants:
	tests/mutants.sh $(PARTS)

canaries: tools
	tests/canaries.sh

coverage:
	tests/coverage.sh

tools:
	tests/install-tools.sh
