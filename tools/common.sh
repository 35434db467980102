# Sourced by the scripts in tools/: where things are, and one readable line for each step.
# shellcheck shell=bash

# shellcheck disable=SC2034  # read by the scripts that source this file
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${EVENKEEL_CACHE:-/var/cache/evenkeel}
VENVS=$CACHE/venv

# Ansible ends at once where the user's locale is not generated, as over ssh to a fresh Debian; this one is always there.
export LC_ALL=C.UTF-8

# say TEXT: one line with the seconds since the script began.
say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# quietly LOG COMMAND…: keep the output in LOG and show it only when the command fails.
quietly() {
  local log=$1 status=0
  shift
  "$@" >"$log" 2>&1 || status=$?
  if ((status)); then
    cat "$log" >&2
    printf 'error: failed with status %d: %s\n' "$status" "$*" >&2
  fi
  return "$status"
}

# at_leisure COMMAND…: run it with what no other process wants of the processors. Priorities only say something within a
# session where the kernel shares processors between sessions (sched(7), autogroup): it gets a session whose share is least.
at_leisure() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  exec setsid bash -c 'echo 19 2>/dev/null >/proc/self/autogroup; exec chrt --idle 0 "$@"' at_leisure "$@"
}

# find_python VERSION: path of a working interpreter of that version (such as 3.11) on stdout; status 1 when there is none.
# The distribution's own comes first, then whatever PATH offers, then pyenv's. Each is run, because a pyenv shim can exist
# for a version that is not active and then exits with 127.
find_python() {
  local version=$1 candidate
  local candidates=("/usr/bin/python$version")
  mapfile -t -O 1 candidates < <(type -aP "python$version")
  candidates+=("${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/"python$version")
  for candidate in "${candidates[@]}"; do
    if [[ -x $candidate ]] && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return 0
    fi
  done
  return 1
}

# main_environment: the Python environment that has every tool.
main_environment() {
  [[ -x $VENVS/core219/bin/python ]] || die "no Python environment yet; run: make setup"
  echo "$VENVS/core219"
}

# all_scenarios: the names of all molecule scenarios.
all_scenarios() {
  (cd "$REPO/extensions/molecule" && printf '%s\n' */molecule.yml | xargs dirname)
}

# environments: all Python environments that make setup made, the main one first.
environments() {
  main_environment
  if [[ -x $VENVS/core221/bin/python ]]; then echo "$VENVS/core221"; fi
}

# describe ENVIRONMENT: such as "ansible-core 2.19.14 on Python 3.11.2"
describe() {
  "$1/bin/python" -c 'import platform, ansible.release as r; print(f"ansible-core {r.__version__} on Python {platform.python_version()}")'
}

# checked_export: brings the export for lint and sanity up to date; path of its collections directory on stdout. Apart from
# the export that runs use, because the checkers leave files in it, and a git repository, because they ask git what to check.
checked_export() {
  local collections=$REPO/build/checked collection
  collection=$collections/ansible_collections/evenkeel/lb
  python3 "$REPO/tools/export.py" "$collections"
  [[ -d $collection/.git ]] || git init --quiet "$collection"
  echo "$collections"
}
