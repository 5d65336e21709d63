# pgfleet: what people type. Each target installs what it needs by itself.
#   make demo    PostgreSQL (if missing), build, then plan, apply, status and verify of plans/local.toml
#   make test    every test, on real PostgreSQL
#   make bench   figures beside their references (a release build); ONLY="aws azure" chooses
#   make soak    the crash tests for longer
#   make lint    format, clippy, documentation, workflows, licences and advisories

CARGO ?= cargo
DEMO  ?= plans/local.toml

.PHONY: demo demo-down test soak lint bench postgres

postgres:
	@scripts/install-postgres

demo: postgres
	@scripts/demo $(DEMO)

demo-down:
	@$(CARGO) run --quiet -p pgfleet -- destroy $(DEMO) --auto-approve

test: postgres
	@scripts/test

# The crash tests with twenty times as many moments, ten times as many on the simulated clouds.
soak: postgres
	@PGFLEET_SOAK=20 $(CARGO) test -p pgfleet-tests --test killing --test interrupting
	@PGFLEET_SOAK=10 $(CARGO) test -p pgfleet-tests --test clouds_under_fire --test multicloud

bench: postgres
	@$(CARGO) build --quiet --release -p pgfleet
	@$(CARGO) bench --quiet -p pgfleet-tests --bench speed -- $(ONLY)

lint:
	@scripts/lint
