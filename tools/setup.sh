#!/usr/bin/env bash
# Makes the Python environments in $EVENKEEL_CACHE/venv. Safe to repeat and to run twice at once; an environment that
# already agrees with its requirements file costs milliseconds.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# What a fresh Debian machine lacks for the environments and for Ansible over ssh. The lab installs its own needs.
packages=(ca-certificates git make openssh-client python3 python3-venv)

install_missing_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || die "these Debian packages are missing and only root can install them: ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  quietly "$VENVS/apt.log" apt-get update
  quietly "$VENVS/apt.log" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# make_environment NAME PYTHON
make_environment() {
  local name=$1 python=$2 venv=$VENVS/$1 requirements=$REPO/tools/requirements-$1.txt stamp
  stamp="$(sha256sum <"$requirements") $python"
  if [[ -f $venv/.stamp && $(<"$venv/.stamp") == "$stamp" ]] && "$venv/bin/python" -c '' 2>/dev/null; then
    return 0
  fi
  say "making $venv with $("$python" --version) (half a minute)"
  "$python" -m venv --clear "$venv"
  quietly "$VENVS/$name.log" "$venv/bin/pip" install --disable-pip-version-check -r "$requirements"
  printf '%s\n' "$stamp" >"$venv/.stamp"
}

# The collections that ours depends on, as the package ansible has them: of its hundred others none is kept.
install_collections() {
  local package=ansible==12.3.0 target=$CACHE/collections python=$VENVS/core219/bin/python download
  [[ -f $target/.stamp && $(<"$target/.stamp") == "$package" ]] && return 0
  say "installing the collections ansible.netcommon and ansible.utils (a download of 54 MB)"
  download=$(mktemp -d)
  quietly "$VENVS/collections.log" "$python" -m pip download --disable-pip-version-check --no-deps -d "$download" "$package"
  rm -rf "$target"
  "$python" - "$download" "$target" <<'PYTHON'
import pathlib
import sys
import zipfile

wanted = tuple(f"ansible_collections/ansible/{name}/" for name in ("netcommon", "utils"))
wheel = next(pathlib.Path(sys.argv[1]).glob("*.whl"))
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(sys.argv[2], [name for name in archive.namelist() if name.startswith(wanted)])
PYTHON
  rm -rf "$download"
  printf '%s\n' "$package" >"$target/.stamp"
}

mkdir -p "$VENVS"
exec 9>"$VENVS/.lock"
flock 9

install_missing_packages
# ansible-core 2.19 runs on 3.11 to 3.13; 3.11 is what Debian 12 has, the others are for newer machines.
main_python=$(find_python 3.11 || find_python 3.12 || find_python 3.13) || die "no Python 3.11, 3.12 or 3.13 with venv was found"
make_environment core219 "$main_python"
install_collections
if python313=$(find_python 3.13); then
  make_environment core221 "$python313"
  say "environments core219 and core221 are ready in $VENVS"
else
  say "environment core219 is ready in $VENVS; no Python 3.13 on this machine, so no core221"
fi
