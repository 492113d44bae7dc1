#!/usr/bin/env bash
# Installs the system packages that are missing, without a question, and checks
# the Rust toolchain. With everything there it only looks, in a fraction of a second.
#
# usage: packages.sh          what building and running need
#        packages.sh --tests  also what the tests need
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"

rust_minimum="1.95"

# Each line is a Debian package and a command that succeeds when what it brings
# is there, from whatever source; so other distributions get by too.
build_needs=(
  "g++|command -v g++"
  "make|command -v make"
  "cmake|command -v cmake"
  "pkg-config|command -v pkg-config"
  "git|command -v git"
  "curl|command -v curl"
  "ca-certificates|test -s /etc/ssl/certs/ca-certificates.crt"
  "libclang-dev|has_libclang"
  "python3|find_python"
  "python3-venv|find_python"
)
test_needs=(
  "postgresql|has_postgres"
)

any_file() {
  local pattern
  for pattern in "$@"; do
    if compgen -G "$pattern"; then return 0; fi
  done
  return 1
}

# bindgen reads llama.cpp's headers with this library and with clang's own headers.
has_libclang() {
  [[ -n "${LIBCLANG_PATH:-}" ]] && return 0
  any_file '/usr/lib/llvm-*/lib/libclang.so*' '/usr/lib/*/libclang.so*' '/usr/lib64/libclang.so*' \
    && any_file '/usr/lib/llvm-*/lib/clang/*/include/stddef.h' '/usr/lib*/clang/*/include/stddef.h'
}

# Debian keeps the server's own programs off the path.
has_postgres() {
  command -v initdb || any_file '/usr/lib/postgresql/*/bin/initdb'
}

as_root() {
  if [[ "$(id -u)" -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" </dev/null
}

# Debian starts a server of its own when postgresql is installed. The tests make
# theirs in a temporary folder, so that one is switched off beforehand.
install_postgres() {
  apt_install postgresql-common
  as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  apt_install postgresql
}

install() {
  local packages=("$@") others=() package
  command -v apt-get >/dev/null || fail "these are missing, and there is no apt-get here: ${packages[*]} (Debian's names). Install them with this system's package manager"
  if [[ "$(id -u)" -ne 0 ]] && ! command -v sudo >/dev/null; then
    fail "these are missing: ${packages[*]}. Run as root: apt-get update && apt-get install -y ${packages[*]}"
  fi
  say "installing ${packages[*]}"
  as_root apt-get update </dev/null
  for package in "${packages[@]}"; do
    [[ "$package" == postgresql ]] || others+=("$package")
  done
  if [[ ${#others[@]} -gt 0 ]]; then apt_install "${others[@]}"; fi
  if [[ ${#others[@]} -lt ${#packages[@]} ]]; then install_postgres; fi
}

# Prints the packages of the given needs whose check fails.
missing() {
  local need
  for need in "$@"; do
    eval "${need#*|}" >/dev/null 2>&1 || echo "${need%%|*}"
  done
}

check_rust() {
  local found advice
  advice="Install Rust $rust_minimum or newer as https://rustup.rs says (or run: rustup update stable), open a new shell, and run the same command again"
  command -v cargo >/dev/null || fail "cargo is missing. $advice"
  found="$(rustc --version | cut -d' ' -f2)"
  printf '%s\n%s\n' "$rust_minimum" "$found" | sort -C -V || fail "Rust $found is too old. $advice"
  if [[ "${1:-}" == --tests ]]; then
    if ! cargo fmt --version >/dev/null || ! cargo clippy --version >/dev/null; then
      fail "rustfmt or clippy is missing. Run: rustup component add rustfmt clippy"
    fi
  fi
}

needs=("${build_needs[@]}")
if [[ "${1:-}" == --tests ]]; then needs+=("${test_needs[@]}"); fi

mapfile -t absent < <(missing "${needs[@]}")
if [[ ${#absent[@]} -gt 0 ]]; then
  install "${absent[@]}"
  mapfile -t absent < <(missing "${needs[@]}")
  [[ ${#absent[@]} -eq 0 ]] || fail "still missing after the installation: ${absent[*]}. Debian 12 or newer is needed"
fi
check_rust "${1:-}"
