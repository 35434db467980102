#!/usr/bin/env bash
# Unit and property tests with every ansible-core that has an environment, side by side: unit.sh [pytest arguments]
# Without arguments, a branch of the model that its tests do not reach is a failure as well.
set -euo pipefail
. "$(dirname "$0")/common.sh"

cd "$REPO"

# run_tests ENVIRONMENT [pytest arguments]
run_tests() {
  local python=$1/bin/python status=0
  export COVERAGE_FILE=build/coverage-$(basename "$1")
  shift
  if (($#)); then
    "$python" -m pytest -q "$@" tests/unit || status=1
  else
    "$python" -m coverage run -m pytest -q tests/unit/model || status=1
    "$python" -m coverage report || status=1
    "$python" -m pytest -q --ignore tests/unit/model tests/unit || status=1
  fi
  # Every plugin through Ansible's own loader, which pytest-ansible puts in place.
  ANSIBLE_COLLECTIONS_PATH=$REPO/build/collections "$python" -m pytest -q -p pytest-ansible --ansible-unit-inject-only tests/loader ||
    status=1
  return "$status"
}

declare -A running
mkdir -p build/logs
for venv in $(environments); do
  say "unit tests with $(describe "$venv")"
  run_tests "$venv" "$@" >"build/logs/unit-$(basename "$venv").log" 2>&1 &
  running[$venv]=$!
  # Many examples say something about our code, which is the same for the others.
  unset EVENKEEL_EXAMPLES
done
status=0
for venv in "${!running[@]}"; do
  wait "${running[$venv]}" || status=1
  say "$(basename "$venv"):"
  cat "build/logs/unit-$(basename "$venv").log"
done
((status == 0)) || die "unit tests did not pass"
say "unit tests passed"
