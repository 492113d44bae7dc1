#!/usr/bin/env bash
# Puts build and check tools into the cache folder, pinned in tools.toml.
#
# usage: tools.sh node        Node.js, unless the machine's own is new enough
#        tools.sh checks      typos and cargo-deny
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"

pins="config/setup/tools.toml"
tools="$SERENO_CACHE_DIR/tools"
venv="$SERENO_CACHE_DIR/venv/fetch"
cd "$repository"

# The oldest that the console's build tool (Vite) accepts: 20.19, or 22.12 and newer.
node_is_new_enough() {
  command -v npm >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1);
  ' 2>/dev/null
}

get() {
  local python
  python="$(find_python)" || fail "Python 3.11 or newer is missing; run make setup"
  if "$python" config/setup/fetch.py --check "$pins" "$tools" "$@"; then return 0; fi
  say "taking $* from packages"
  make_venv "$venv"
  "$venv/bin/python" config/setup/fetch.py "$pins" "$tools" "$@"
}

case "${1:-}" in
  node)
    # The Makefile puts this folder before the machine's own on npm's path.
    if node_is_new_enough; then exit 0; fi
    get node
    "$tools/node/bin/node" --version >/dev/null
    ;;
  checks)
    get bin/typos bin/cargo-deny
    ;;
  *)
    fail "usage: tools.sh node|checks"
    ;;
esac
