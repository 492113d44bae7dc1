# Sourced by the set-up scripts: where things go, and how a failure is told.
# shellcheck shell=bash

SERENO_CACHE_DIR="${SERENO_CACHE_DIR:-$HOME/.cache/sereno}"
# shellcheck disable=SC2034 # used by the scripts that source this one
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

# One sentence for people, also from inside functions (-E), in place of a bare exit code; the command's own output stands above it.
set -E
trap 'echo "set-up stopped in ${0##*/}, line $LINENO: \"$BASH_COMMAND\" failed. Mend what the lines above say and run the same command again; finished steps are kept." >&2' ERR

fail() {
  echo "set-up: $*" >&2
  exit 1
}

say() {
  echo "set-up: $*"
}

# The first Python that can make virtual environments and read TOML. A pyenv
# Python may come before Debian's on the path, or be too old; either will do.
find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import ensurepip, tomllib, venv' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# A virtual environment, because Debian's pip refuses to install outside one.
# Made under another name first: an interrupted run leaves no half environment.
make_venv() {
  local place="$1" python
  if [[ -x "$place/bin/python" ]] && "$place/bin/python" -c 'import pip' 2>/dev/null; then
    return 0
  fi
  python="$(find_python)" || fail "Python 3.11 or newer with venv is missing; install Debian's python3 and python3-venv"
  rm -rf "$place"
  mkdir -p "$(dirname "$place")"
  "$python" -m venv "$place"
}
