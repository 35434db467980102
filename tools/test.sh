#!/usr/bin/env bash
# Everything, from nothing. Each step runs even when one before it failed, so that one run shows all there is to know.
set -euo pipefail
. "$(dirname "$0")/common.sh"

cd "$REPO"
# A commit is judged by the same examples wherever that is done; EVENKEEL_SEED asks for others.
export EVENKEEL_SEED=${EVENKEEL_SEED:-5340}
export PYTEST_ADDOPTS="--hypothesis-seed=$EVENKEEL_SEED"
say "EVENKEEL_SEED=$EVENKEEL_SEED"
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

# Our own kernel takes minutes to compile: at idle priority while the steps before those that boot it wait for hosts.
mkdir -p build/logs
chrt --idle 0 tests/lab/lab kernel own >build/logs/kernel.log 2>&1 &
kernel=$!
trap 'kill "$kernel" 2>/dev/null || true' EXIT
own_kernel() { wait "$kernel" || { cat build/logs/kernel.log && return 1; }; }

step "lint" tools/lint.sh
step "sanity" tools/sanity.sh
step "unit and property tests" env EVENKEEL_EXAMPLES=100 make --no-print-directory unit
step "release artifact" "$python" -m pytest -q tests/release
# The others in that folder take long: make prove.
step "contract tests of the engines" "$python" -m pytest -q \
  tests/contract/test_ipvs_kernel.py tests/contract/test_keepalived_host.py tests/contract/test_last_resort_host.py
step "the lab itself" "$python" -m pytest -q tests/lab
newer=
if [[ -d $VENVS/core221 ]]; then
  newer=ha_pair_direct_routing
  step "molecule, $newer, ansible-core 2.21" tools/molecule.sh -e core221 "$newer"
fi
mapfile -t others < <(all_scenarios | grep -vx "$newer")
step "molecule, ${others[*]}, ansible-core 2.19" tools/molecule.sh "${others[@]}"
step "our own kernel, compiled meanwhile" own_kernel
step "traffic by every way" "$python" -m pytest -q tests/traffic
step "proofs on random configurations" "$python" -m pytest -q -s \
  tests/contract/test_properties_kernel.py tests/contract/test_killed.py

printf '%s\n' "" "${summary[@]}"
printf '===== %d passed, %d failed in %ds =====\n' $((${#summary[@]} - failures)) "$failures" "$SECONDS"
((failures == 0))
