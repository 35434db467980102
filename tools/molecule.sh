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
export PATH=$venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$REPO/build/collections
if (($#)); then
  scenarios=("$@")
else
  # `default` is the lab itself: molecule brings it up before the first scenario and down after the last.
  mapfile -t scenarios < <(cd extensions/molecule && printf '%s\n' */molecule.yml | sed 's,/.*,,' | grep -vx default)
fi
for scenario in "${scenarios[@]}"; do
  [[ -f extensions/molecule/$scenario/molecule.yml ]] || die "there is no scenario $scenario in extensions/molecule"
done

say "molecule with $(describe "$venv"): ${scenarios[*]}"
molecule test "${scenarios[@]/#/--scenario-name=}"
say "molecule: ${#scenarios[@]} passed (${scenarios[*]})"
