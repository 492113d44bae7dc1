#!/usr/bin/env bash
# Puts build and check tools into the cache folder, pinned in tools.toml.
#
# usage: tools.sh node        Node.js, unless the machine's own is new enough
#        tools.sh checks      typos and cargo-deny
#        tools.sh cvc5        the SMT solver, as a program
#        tools.sh server      llama-server, compiled once (minutes), for tests and benchmarks
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

# Portable like the embedded engine: AVX2 and no kernels of this machine alone. Without the web page,
# which would be downloaded, and without TLS, which the tests do not need.
server_flags=(
  -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF
  -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF
)

# The mark beside the binary holds what it was made from, so that a new pin or flag makes a new one.
# Every program that another step runs is checked by hash before; this one is checked by its source's.
build_server() {
  local recipe scratch venv="$SERENO_CACHE_DIR/venv/server" mark="$tools/.llama-server"
  recipe="$(cat config/setup/server.txt; echo "${server_flags[*]}")"
  if [[ -x "$tools/bin/llama-server" && -f "$mark" && "$(<"$mark")" == "$recipe" ]]; then return 0; fi
  say "compiling llama-server (once, minutes)"
  mkdir -p "$tools/bin"
  make_venv "$venv"
  scratch="$(mktemp -d -p "$SERENO_CACHE_DIR")"
  # shellcheck disable=SC2064 # this folder, not whatever the name holds later
  trap "rm -rf '$scratch'" EXIT
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --requirement config/setup/server-metadata.txt
  "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
    --no-binary :all: --no-build-isolation --dest "$scratch" --requirement config/setup/server.txt
  tar -xzf "$scratch"/*.tar.gz -C "$scratch" --strip-components=1
  cmake -S "$scratch/vendor/llama.cpp" -B "$scratch/build" "${server_flags[@]}" >"$scratch/log"
  cmake --build "$scratch/build" --target llama-server --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" >>"$scratch/log"
  strip -o "$tools/bin/.llama-server.$$" "$scratch/build/bin/llama-server"
  mv "$tools/bin/.llama-server.$$" "$tools/bin/llama-server"
  "$tools/bin/llama-server" --version 2>/dev/null
  echo "$recipe" >"$mark"
}

# The package brings the library; smt_solver.py gives it the program's own manners.
build_cvc5() {
  local recipe venv="$SERENO_CACHE_DIR/venv/cvc5" mark="$tools/.cvc5"
  recipe="$(cat config/setup/cvc5.txt config/setup/smt_solver.py)"
  if [[ -x "$tools/bin/cvc5" && -f "$mark" && "$(<"$mark")" == "$recipe" ]]; then return 0; fi
  say "taking cvc5 from packages"
  mkdir -p "$tools/bin"
  make_venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --requirement config/setup/cvc5.txt
  cp config/setup/smt_solver.py "$tools/smt_solver.py"
  printf '#!/bin/sh\nexec "%s" "%s"\n' "$venv/bin/python" "$tools/smt_solver.py" >"$tools/bin/cvc5"
  chmod +x "$tools/bin/cvc5"
  [[ "$(echo '(set-logic ALL) (assert false) (check-sat)' | "$tools/bin/cvc5")" == unsat ]]
  echo "$recipe" >"$mark"
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
  cvc5)
    build_cvc5
    ;;
  server)
    build_server
    ;;
  *)
    fail "usage: tools.sh node|checks|cvc5|server"
    ;;
esac
