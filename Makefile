SHELL := /bin/bash
.DEFAULT_GOAL := help
CACHE := $(or $(EVENKEEL_CACHE),/var/cache/evenkeel)

.PHONY: help setup export unit soak prove lint sanity lab-test molecule test demo aloha-demo bench clean distclean
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## the Python environments (installs what Debian packages are missing)
	@tools/setup.sh

export: ## the collection as Ansible finds it, in build/collections
	@python3 tools/export.py build/collections

unit: setup export ## unit and property tests
	@tools/unit.sh

soak: setup ## a million damaged inputs for everything that decodes or parses (a part of it is in unit)
	@$(CACHE)/venv/core219/bin/python tests/fuzz/soak.py

prove: setup ## every contract test on real kernels and daemons (takes long; on a machine with nothing else to do)
	@EVENKEEL_CASES=$(or $(EVENKEEL_CASES),300) $(CACHE)/venv/core219/bin/python -m pytest -q tests/contract

lint: setup ## formatting, types, import direction, documentation, changelog, ansible-lint
	@tools/lint.sh

sanity: setup ## ansible-test sanity on a clean export
	@tools/sanity.sh

lab-test: setup ## one molecule scenario on lab hosts: make lab-test SCENARIO=ha_pair_nat
	@tools/molecule.sh $(or $(SCENARIO),$(error say which: make lab-test SCENARIO=ha_pair_nat))

molecule: setup ## all molecule scenarios on lab hosts
	@tools/molecule.sh

test: ## everything, from nothing
	@tools/test.sh

demo: ## boot a lab, make a pair, break things and show what the client sees
	@demo/run

aloha-demo: setup export ## two simulated ALOHA appliances, and a playbook on them
	@demo/aloha/run

bench: setup ## measure against what people use today, for build/bench.json and docs/benchmarks.md (takes long)
	@for name in ipvs keepalived haproxy aloha model_validation estate page; do $(CACHE)/venv/core219/bin/python benchmarks/$$name.py || exit 1; done

clean: ## remove what builds and tests left in the tree
	rm -rf build collections tests/output .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## the same, and everything cached outside the tree
	rm -rf --one-file-system $(CACHE)/venv $(CACHE)/lab $(CACHE)/ansible-test
