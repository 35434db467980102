#!/usr/bin/env bash
# Unit and property tests, side by side.
# With the main environment; with EVENKEEL_WHOLE=1 with every one, and a branch of the model that the model's own tests do
# not reach is a failure as well.
set -euo pipefail
. "$(dirname "$0")/common.sh"

cd "$REPO"
mkdir -p build/logs
declare -A running=()

# beside NAME COMMAND…: in the background, with its output in a log
beside() {
  local name=$1
  shift
  "$@" >"build/logs/unit-$name.log" 2>&1 &
  running[$name]=$!
}

# tests ENVIRONMENT [pytest arguments]: also every plugin through Ansible's own loader, which pytest-ansible puts in place
tests() {
  local python=$1/bin/python status=0
  shift
  "$python" -m pytest -q "$@" || status=1
  ANSIBLE_COLLECTIONS_PATH=$REPO/build/collections "$python" -m pytest -q -p pytest-ansible --ansible-unit-inject-only tests/loader ||
    status=1
  return "$status"
}

# covered ENVIRONMENT: the model's own tests, and what of it they reach; with few examples, as it is no gate what random
# draws reach
covered() {
  local python=$1/bin/python status=0
  export COVERAGE_FILE=build/coverage EVENKEEL_EXAMPLES=1
  "$python" -m coverage run -m pytest -q tests/unit/model || status=1
  "$python" -m coverage report || status=1
  return "$status"
}

main=$(main_environment)
say "unit tests with $(describe "$main")"
beside "$(basename "$main")" tests "$main" -n auto --dist worksteal tests/unit
if [[ ${EVENKEEL_WHOLE:-} ]]; then
  beside model covered "$main"
  mapfile -t others < <(environments | grep -vx "$main")
  for venv in "${others[@]}"; do
    say "unit tests with $(describe "$venv")"
    # Many examples say something about our code, which is the same here.
    EVENKEEL_EXAMPLES=3 beside "$(basename "$venv")" tests "$venv" tests/unit
  done
fi
status=0
order=() # what failed is shown last
for name in "${!running[@]}"; do
  if wait "${running[$name]}"; then order=("$name" "${order[@]}"); else status=1 && order+=("$name"); fi
done
for name in "${order[@]}"; do
  say "$name:"
  cat "build/logs/unit-$name.log"
done
((status == 0)) || die "unit tests did not pass"
say "unit tests passed"
