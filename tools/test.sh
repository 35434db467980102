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
failed=()

# ticks: for how long all processors worked since boot, and for how long they worked or waited (proc_stat(5))
ticks() {
  local user nice system idle iowait irq softirq steal
  read -r _ user nice system idle iowait irq softirq steal _ </proc/stat
  echo $((user + nice + system + irq + softirq)) $((user + nice + system + idle + iowait + irq + softirq + steal))
}

# step NAME COMMAND…: also how much of the processors was in use meanwhile, which tells waiting from working
step() {
  local name=$1 began=$SECONDS verdict=passed work all work_now all_now log
  log=build/logs/step-$((${#summary[@]} + 1)).log
  shift
  say "== $name"
  read -r work all < <(ticks)
  { "$@"; } > >(tee "$log") 2>&1 || { verdict=FAILED && failed+=("$log"); }
  timeout 5 tail --pid="$!" -f /dev/null || true # what it said comes before what the next step says
  read -r work_now all_now < <(ticks)
  summary+=("$(printf '%-7s %4ds %3d%%  %s' "$verdict" $((SECONDS - began)) \
    $((100 * (work_now - work) / (all_now - all + 1))) "$name")")
}

# Without its environments nothing else can run.
tools/setup.sh
python=$(main_environment)/bin/python

# What needs processors and no host runs meanwhile, one after the other, while hosts wait for packets and Ansible for hosts.
declare -A begun=()
# meanwhile NAME COMMAND…: after the one before it
meanwhile() {
  local name=$1 before=${last:-}
  shift
  (
    if [[ -n $before ]]; then tail --pid="$before" -f /dev/null; fi
    at_leisure "$@"
  ) >"build/logs/$name.log" 2>&1 &
  last=$!
  begun[$name]=$last
}
# ended NAME: wait for it, and show what it said
ended() {
  local status=0
  wait "${begun[$1]}" || status=$?
  cat "build/logs/$1.log"
  return "$status"
}
end_them() {
  for pid in "${begun[@]}"; do kill -- "-$pid" "$pid" 2>/dev/null || true; done
}
trap end_them EXIT

mkdir -p build/logs
step "lint" tools/lint.sh
meanwhile kernel tests/lab/lab kernel own
meanwhile unit env EVENKEEL_EXAMPLES=100 EVENKEEL_WHOLE=1 make --no-print-directory unit
meanwhile playbooks "$python" -m pytest -q -n 2 --dist loadfile tests/release tests/playbooks
meanwhile browser "$python" -m pytest -q tests/browser
meanwhile sanity tools/sanity.sh

newer=
if [[ -d $VENVS/core221 ]]; then
  newer=ha_pair_direct_routing
  step "molecule, $newer, ansible-core 2.21" tools/molecule.sh -e core221 "$newer"
fi
mapfile -t others < <(all_scenarios | grep -vx "$newer")
step "molecule, ${others[*]}, ansible-core 2.19" tools/molecule.sh "${others[@]}"
step "the lab itself" "$python" -m pytest -q tests/lab
step "our own kernel, compiled meanwhile" ended kernel
step "traffic by every way" "$python" -m pytest -q tests/traffic
# Side by side: each file has directors of its own, and those that take longest come first. The others in that folder take
# longer still: make prove.
step "contract tests and proofs" "$python" -m pytest -q -rPfE -n 4 --dist loadfile --no-loadscope-reorder \
  tests/contract/test_{properties_kernel,faults_kernel,killed,ipvs_kernel,keepalived_host,last_resort_host,config_host}.py \
  tests/contract/test_haproxy_{host,properties,faults}.py
step "unit and property tests, meanwhile" ended unit
step "release artifact, playbooks on directors that pretend, meanwhile" ended playbooks
step "the audit report in a browser, meanwhile" ended browser
step "sanity, meanwhile" ended sanity

for log in "${failed[@]}"; do
  say "== what failed said last, of $log"
  tail -n 60 "$log"
done
printf '%s\n' "" "${summary[@]}"
printf '===== %d passed, %d failed in %ds =====\n' $((${#summary[@]} - ${#failed[@]})) "${#failed[@]}" "$SECONDS"
((${#failed[@]} == 0))
