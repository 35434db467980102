#!/usr/bin/env bash
# Everything, from nothing. Each step runs even when one before it failed, so that one run shows all there is to know.
set -euo pipefail
. "$(dirname "$0")/common.sh"

cd "$REPO"
# A commit is judged by the same examples wherever that is done; EVENKEEL_SEED asks for others.
export PYTEST_ADDOPTS="--hypothesis-seed=${EVENKEEL_SEED:-5340}"
say "seed of the drawn examples: $PYTEST_ADDOPTS"
summary=()
failures=0

# step NAME COMMAND…
step() {
  local name=$1 began=$SECONDS verdict=passed
  shift
  say "== $name"
  "$@" || { verdict=FAILED && failures=$((failures + 1)); }
  summary+=("$(printf '%-7s %4ds  %s' "$verdict" $((SECONDS - began)) "$name")")
}

# Without its environments nothing else can run.
tools/setup.sh
python=$(main_environment)/bin/python

step "lint" tools/lint.sh
step "sanity" tools/sanity.sh
step "unit and property tests" env EVENKEEL_EXAMPLES=100 make --no-print-directory unit
step "release artifact" "$python" -m pytest -q tests/release
# The others in that folder take longer than all of this together: make prove.
step "contract tests of the engines" "$python" -m pytest -q \
  tests/contract/test_ipvs_kernel.py tests/contract/test_keepalived_host.py tests/contract/test_last_resort_host.py
step "the lab itself" "$python" -m pytest -q tests/lab
step "molecule, all scenarios, ansible-core 2.19" tools/molecule.sh
if [[ -d $VENVS/core221 ]]; then
  step "molecule, one scenario, ansible-core 2.21" tools/molecule.sh -e core221 ha_pair_direct_routing
fi

printf '%s\n' "" "${summary[@]}"
printf '===== %d passed, %d failed in %ds =====\n' $((${#summary[@]} - failures)) "$failures" "$SECONDS"
((failures == 0))
