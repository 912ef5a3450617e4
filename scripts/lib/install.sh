# Installs the packages of scripts/packages that a role needs. Sourced by scripts/demo and scripts/test.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# install_packages ROLE...: does nothing if all are there; otherwise installs them as root or through sudo (which may ask for the user's
# password on a terminal), or prints the exact command to run and fails.
install_packages() {
  local role name who suite policy missing=() absent=() sudo=()
  for role in "$@"; do
    while read -r name who suite; do
      [[ $name == \#* || -z $name || $who != "$role" ]] && continue
      dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done < "$RANVIER_ROOT/scripts/packages"
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "These Debian 12 packages are missing and this system has no apt-get: ${missing[*]}" >&2
    return 1
  fi
  local command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    # Without a terminal nobody could answer.
    if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && [ -t 2 ] && command -v sudo >/dev/null && sudo -v; }; then
      printf 'These packages are missing. Run this as root, then call this script again:\n\n  %s\n\n' "$command" >&2
      return 1
    fi
    sudo=(sudo -n)
  fi
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
  "${apt[@]}" update >&2 || echo "warning: the package lists could not be refreshed" >&2
  for name in "${missing[@]}"; do
    # Read whole before it is searched: under pipefail a `grep -q` that stops early makes apt-cache fail.
    policy=$(LC_ALL=C apt-cache policy "$name" 2>/dev/null || true)
    if ! [[ $policy =~ Candidate:\ [0-9] ]]; then
      suite=$(awk -v n="$name" '$1 == n { print $3 }' "$RANVIER_ROOT/scripts/packages")
      absent+=("$name (in Debian 12, suite $suite)")
    fi
  done
  if [ ${#absent[@]} -gt 0 ]; then
    printf 'apt knows no package of this name: %s\n' "${absent[@]}" >&2
    echo "Add the named suite to the system's apt sources, then call this script again." >&2
    return 1
  fi
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" < /dev/null >&2
}

# build_release TARGET...: configures once, builds, shows ninja's own progress.
build_release() {
  if [ ! -e "$RANVIER_ROOT/build/release/build.ninja" ]; then
    (cd "$RANVIER_ROOT" && cmake --preset release -DRANVIER_ENABLE_TESTS="${RANVIER_WITH_TESTS:-OFF}" > "$1") || { tail -n 30 "$1" >&2; return 1; }
  elif [ "${RANVIER_WITH_TESTS:-OFF}" = ON ]; then
    (cd "$RANVIER_ROOT" && cmake --preset release -DRANVIER_ENABLE_TESTS=ON > "$1") || { tail -n 30 "$1" >&2; return 1; }
  fi
  shift
  cmake --build "$RANVIER_ROOT/build/release" --target "$@"
}
