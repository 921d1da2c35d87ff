# make demo   the main job from end to end, on this machine
# make bench  speed, as ratios against something measured in the same run
# make test   all checks, on real database servers
# make fmt    formats the code
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export RUSTDOCFLAGS := -D warnings

.PHONY: bench demo test servers lint fmt

demo:
	@echo "Getting a MariaDB server for the demo (unpacked under target/, nothing is installed)"
	@scripts/test-servers target/servers mariadb-10.11
	@cargo build --quiet --bin jumpgate --example demo
	@target/debug/examples/demo

bench: servers
	@cargo bench --quiet --bench plan

test: servers lint
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace --all-features --no-fail-fast; \
	else \
	  echo "cargo-nextest is not installed: running the tests with cargo test (slower)" >&2; \
	  cargo test --workspace --all-features --all-targets; \
	fi

# Real servers for the tests, unpacked under target/: nothing of the system is changed.
servers:
	@scripts/test-servers

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	cargo doc --workspace --no-deps --all-features

fmt:
	cargo fmt --all
