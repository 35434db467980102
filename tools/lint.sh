#!/usr/bin/env bash
# Every check that needs no host. All of them run, so that one look shows everything; the status says whether all passed.
set -euo pipefail
. "$(dirname "$0")/common.sh"

cd "$REPO"
bin=$(main_environment)/bin
collections=$(checked_export)
collection=$collections/ansible_collections/evenkeel/lb
export PATH=$bin:$PATH ANSIBLE_COLLECTIONS_PATH=$collections
failed=()

# check NAME DIRECTORY COMMAND…
check() {
  local name=$1 directory=$2
  shift 2
  say "$name"
  (cd "$directory" && "$@") || failed+=("$name")
}

# documentation: again where the checker stumbles over its own temporary folder, whose name RST takes for a link when the
# last of its random characters is an underscore.
documentation() {
  local said
  for _time in 1 2 3; do
    said=$(antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all \
      --disallow-unknown-collection-refs . 2>&1) && return
    [[ $said == *"Unknown target name"*antsibull-docs-* ]] || break
  done
  printf '%s\n' "$said"
  return 1
}

check "ruff check" . ruff check --quiet --output-format concise
check "ruff format" . ruff format --quiet --check --output-format concise
check "mypy, strict, of the model" "$collections" mypy --config-file "$REPO/pyproject.toml" --cache-dir "$REPO/build/mypy" \
  -p ansible_collections.evenkeel.lb.plugins.module_utils._model
check "what is written from the model" . python tools/reference --check
check "import direction" . python -m pytest -q -p no:cacheprovider tests/unit/test_imports.py
check "documentation" "$collection" documentation
check "changelog" "$collection" antsibull-changelog lint
check "ansible-lint, profile production" "$collection" ansible-lint --offline --profile production -q

((${#failed[@]} == 0)) || die "did not pass: $(printf '%s; ' "${failed[@]}")"
say "lint passed"
