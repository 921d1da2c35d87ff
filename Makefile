# make demo       the main job from end to end, on this machine
# make test       all checks, on real database servers
# make suite      the tests alone, on the servers that are there
# make faults     runs cut at every write, on real database servers; a quarter of an hour
# make fuzz       odd input for the decoders, for some minutes
# make test-live  the JumpServer client against a real JumpServer
# make fmt        formats the code
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export RUSTDOCFLAGS := -D warnings

.PHONY: demo bench test suite fuzz faults test-live servers lint fmt

demo:
	@echo "Getting a MariaDB server for the demo (unpacked under target/, nothing is installed)"
	@scripts/test-servers target/servers mariadb-10.11
	@cargo build --quiet --bin jumpgate --example demo
	@target/debug/examples/demo

bench: servers
	@cargo bench --quiet --bench check --bench plan --bench report

test: servers lint suite

suite:
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace --all-features --no-fail-fast; \
	else \
	  echo "cargo-nextest is not installed: running the tests with cargo test (slower)" >&2; \
	  cargo test --workspace --all-features --all-targets; \
	fi

test-live:
	@for name in URL TOKEN; do \
	  variable=JUMPGATE_TEST_JUMPSERVER_$$name; \
	  if [ -z "$${!variable:-}" ]; then \
	    echo "set $$variable: CONTRIBUTING.md says what the tests need" >&2; exit 1; \
	  fi; \
	done
	cargo test --package jumpgate --test it jumpserver:: -- --test-threads 1

fuzz:
	JUMPGATE_FUZZ_CASES=$${JUMPGATE_FUZZ_CASES:-20000} cargo test --package jumpgate --lib fuzz_

faults: servers
	cargo test --package jumpgate --test it faults:: -- --ignored --test-threads 3

# Real servers and a browser for the tests, unpacked under target/: nothing of the system is changed.
servers:
	@scripts/test-servers

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	cargo doc --workspace --no-deps --all-features

fmt:
	cargo fmt --all
