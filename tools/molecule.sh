#!/usr/bin/env bash
# Molecule scenarios on lab hosts: molecule.sh [-e ENVIRONMENT] [SCENARIO…]; without a scenario, all of them.
# Always from the root of the collection: from another folder molecule finds no inventory and succeeds on no host at all.
set -euo pipefail
. "$(dirname "$0")/common.sh"

venv=$(main_environment)
if [[ ${1:-} == -e ]]; then
  venv=$VENVS/$2
  shift 2
fi
[[ -x $venv/bin/molecule ]] || die "there is no environment $(basename "$venv")"

cd "$REPO"
[[ -d extensions/molecule ]] || die "extensions/molecule is missing"
python3 tools/export.py build/collections
export PATH=$venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$REPO/build/collections:$CACHE/collections
if (($#)); then
  scenarios=("$@")
else
  mapfile -t scenarios < <(all_scenarios)
fi
for scenario in "${scenarios[@]}"; do
  [[ -f extensions/molecule/$scenario/molecule.yml ]] || die "there is no scenario $scenario"
done

# progress SCENARIO: one line for each action of molecule's, out of the pages it writes.
progress() {
  local line executing='> ([a-z_]+)] Executing'
  while IFS= read -r line; do
    if [[ $line =~ $executing ]]; then say "$1: ${BASH_REMATCH[1]}"; fi
  done
}

# spec SCENARIO: the lab it runs on.
spec() { sed -n 's,^ *LAB_SPEC: ,tests/lab/specs/,p' "extensions/molecule/$1/molecule.yml"; }

mkdir -p build/logs
passed=()
failed=()
say "molecule with $(describe "$venv"): ${scenarios[*]}"
for scenario in "${scenarios[@]}"; do
  log=build/logs/molecule-$scenario.log
  # Here and not in molecule, which would be silent for the minutes that this takes when nothing is cached.
  tests/lab/lab prepare "$(spec "$scenario")"
  if NO_COLOR=1 COLUMNS=160 molecule test --no-command-borders --scenario-name "$scenario" 2>&1 | tee "$log" | progress "$scenario"; then
    passed+=("$scenario")
  else
    failed+=("$scenario")
    say "$scenario: FAILED"
  fi
done

for scenario in "${failed[@]}"; do
  log=build/logs/molecule-$scenario.log
  tail -n 40 "$log"
  say "$scenario FAILED; everything it said is in $log"
done
printf '===== molecule: %d passed, %d failed in %ds =====\n' "${#passed[@]}" "${#failed[@]}" "$SECONDS"
((${#failed[@]} == 0))
