#!/usr/bin/env bash
# Unit and property tests with every ansible-core that has an environment: unit.sh [pytest arguments]
set -euo pipefail
. "$(dirname "$0")/common.sh"

cd "$REPO"
for venv in $(environments); do
  say "unit tests with $(describe "$venv")"
  "$venv/bin/python" -m pytest -q "$@" tests/unit
  say "every plugin through Ansible's own loader (pytest-ansible puts it in place)"
  ANSIBLE_COLLECTIONS_PATH=$REPO/build/collections "$venv/bin/python" -m pytest -q -p pytest-ansible --ansible-unit-inject-only tests/loader
done
say "unit tests passed"
