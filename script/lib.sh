# What script/server and script/test share: finding the tools they need, and installing what is missing.
#
# Nothing that is there already is touched. What may not be installed is named with the command that installs it.

say() { printf '\033[2m==>\033[0m %s\n' "$*" >&2; }

give_up() {
  printf 'error: %s\n' "$1" >&2
  [ -n "${2:-}" ] && printf '  help: %s\n' "$2" >&2
  exit 1
}

# Installs packages of the system, if this user may.
install_packages() {
  local command="apt-get install -y --no-install-recommends $*"
  command -v apt-get >/dev/null || give_up "missing on this machine: $*" "install it with your system's package manager"
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || give_up "missing on this machine: $* (and this user may not install it)" "sudo $command"
    as_root=(sudo -n)
  fi
  say "installing: $*"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -q >/dev/null || say "the package lists could not be refreshed; trying with those there are"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $command >/dev/null || give_up "could not install: $*" "$command"
}

# cargo, and a C compiler and make for the dependencies that have C in them: TLS, compression, the allocator.
ensure_rust() {
  if ! command -v cargo >/dev/null && [ -f "${CARGO_HOME:-$HOME/.cargo}/env" ]; then
    . "${CARGO_HOME:-$HOME/.cargo}/env"
  fi
  command -v cargo >/dev/null || give_up "there is no Rust toolchain" "install Rust 1.95 or later: https://rustup.rs"
  command -v cc >/dev/null || install_packages gcc libc6-dev
  command -v make >/dev/null || install_packages make
}

# Postgres 15 or later; the places are those the binary looks at.
has_postgres() {
  local initdb
  for initdb in "${PG_BIN:-/nowhere}/initdb" "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb \
    /usr/pgsql-*/bin/initdb /opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb; do
    [ -x "$initdb" ] || continue
    [ "$("$initdb" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')" -ge 15 ] && return
  done
  return 1
}

# Nothing to do when DATABASE_URL names one: that is used, and nothing is started.
ensure_postgres() {
  [ -n "${DATABASE_URL:-}" ] && return
  has_postgres || install_packages postgresql
  has_postgres || give_up "the system's package is older than Postgres 15" \
    "install Postgres 15 or later (https://www.postgresql.org/download), or set DATABASE_URL"
}

# A part of the toolchain: rustfmt or clippy.
ensure_component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  say "installing: $2"
  rustup component add "$2" >/dev/null || give_up "there is no \`cargo $1\`" "rustup component add $2"
}

# Node.js 18 or later, and npm: XState, the other side of the conformance tests, runs in it.
has_node() {
  command -v npm >/dev/null && command -v node >/dev/null && [ "$(node --version | sed -E 's/^v([0-9]+).*/\1/')" -ge 18 ]
}

ensure_node() {
  has_node || install_packages nodejs npm
  has_node || give_up "the system's package is older than Node.js 18" "install Node.js 18 or later: https://nodejs.org"
}

# XState of the pinned version; nothing to do when it is there.
ensure_xstate() {
  local folder=tests/conformance
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  ensure_node
  say "installing: XState"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >/dev/null ||
    give_up "could not install XState" "npm ci --prefix $folder"
}
