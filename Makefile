SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help setup
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## the Python environments (installs what Debian packages are missing)
	@tools/setup.sh
