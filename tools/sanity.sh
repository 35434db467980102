#!/usr/bin/env bash
# ansible-test sanity on a clean export, with every ansible-core that has an environment: sanity.sh [ansible-test arguments]
# It checks for the Pythons from 3.9 on that this machine has; without pyenv that is the distribution's own. What only looks
# at these Pythons, and takes longest, is done by one ansible-core.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# ansible-test keeps its environments under HOME, reads pip's configuration from there and drops PIP_* from the environment.
home=$CACHE/ansible-test

# pip_configuration PIP: what pip goes by here, as a configuration file.
pip_configuration() {
  echo '[global]'
  "$1" config list | sed -nE "s/^(global|install|:env:)\.([a-z-]+)='(.*)'$/\2 = \3/p" | sort -u -t = -k 1,1
}

# offer_pip PIP VERSION: to start a virtual environment ansible-test runs a script it downloads from its own file server;
# where only package indexes can be reached that fails. This puts a script of ours in its place that runs that pip's wheel.
offer_pip() {
  local pip=$1 version=$2 cache=$home/.ansible/test/cache script
  script=$cache/get_pip_${version//./_}.py
  [[ ! -f $script ]] || return 0
  mkdir -p "$cache"
  quietly "$home/pip.log" "$pip" download --no-deps --dest "$cache" "pip==$version"
  cat >"$script" <<PYTHON
import glob, os, sys

sys.path.insert(0, glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pip-$version-*.whl"))[0])
from pip._internal.cli.main import main

sys.exit(main(["install"] + [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]))
PYTHON
}

# wanted_pip ENVIRONMENT: the version of pip its ansible-test puts into virtual environments
wanted_pip() {
  "$1/bin/python" - <<'PYTHON'
import pathlib
import re

import ansible_test

source = pathlib.Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
print(re.search(r"default_packages = dict\(\s*pip='([0-9.]+)'", source)[1])
PYTHON
}

cd "$REPO"
mkdir -p build/logs
collection=$(checked_export)/ansible_collections/evenkeel/lb
mkdir -p "$home/.config/pip"
install -m 600 /dev/null "$home/.config/pip/pip.conf"
pip_configuration "$(main_environment)/bin/pip" >"$home/.config/pip/pip.conf"

# Directories of real interpreters first: a pyenv shim exists for every version and works for few.
targets=()
directories=
for version in 3.9 3.10 3.11 3.12 3.13 3.14; do
  if python=$(find_python "$version"); then
    targets+=("$version")
    directories+=$(dirname "$python"):
  fi
done

status=0
skipped=()
for venv in $(environments); do
  log=$REPO/build/logs/sanity-$(basename "$venv").log
  say "sanity with $(describe "$venv"), for hosts with Python ${targets[*]} (log: ${log#"$REPO/"})"
  offer_pip "$venv/bin/pip" "$(wanted_pip "$venv")"
  findings=$(cd "$collection" && HOME=$home PATH=$venv/bin:$directories/usr/bin:/bin \
    "$venv/bin/ansible-test" sanity --lint --color no "${skipped[@]}" "$@" 2>"$log") || status=1
  [[ -z $findings ]] || printf '%s\n' "$findings"
  # A failure without a finding is one of ansible-test itself, such as a virtual environment that could not be made.
  [[ -n $findings ]] || ((status == 0)) || tail -n 20 "$log"
  skipped=(--skip-test compile --skip-test import)
done
((status == 0)) || die "sanity did not pass"
say "sanity passed"
