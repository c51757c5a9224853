#!/usr/bin/env bash
# Installs real servers into .live/ (or $STURMGLAS_LIVE), starts on loopback what Bluesky needs
# beside itself, and runs tests/live. Debian's packages are installed where we are root; what
# cannot be had is left out, and pytest says so.
set -euo pipefail
cd "$(dirname "$0")/../.."
export STURMGLAS_LIVE="${STURMGLAS_LIVE:-$PWD/.live}"
mkdir -p "$STURMGLAS_LIVE"

packages="wordpress mariadb-server php-cli php-mysql php-xml postgresql redis-server exim4-daemon-light"
if ! dpkg -s $packages >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages ||
      echo "Some of Debian's packages cannot be had: $packages"
  else
    echo "Not root: for WordPress, Bluesky and mail install $packages"
  fi
fi

if [ ! -x "$STURMGLAS_LIVE/synapse/bin/synapse_homeserver" ]; then
  python3 -m venv "$STURMGLAS_LIVE/synapse"
  "$STURMGLAS_LIVE/synapse/bin/pip" install --quiet matrix-synapse==1.163.2 ||
    echo "matrix-synapse cannot be had"
fi

if [ ! -d "$STURMGLAS_LIVE/bluesky/node_modules/@atproto/dev-env" ] && command -v npm >/dev/null; then
  mkdir -p "$STURMGLAS_LIVE/bluesky"
  (cd "$STURMGLAS_LIVE/bluesky" && npm install --silent @atproto/dev-env@0.3.215 &&
    npm rebuild --silent better-sqlite3) || echo "@atproto/dev-env cannot be had"
fi

stop() {
  [ -z "${redis:-}" ] || kill "$redis" 2>/dev/null || true
  [ -z "${data:-}" ] || as_postgres "$bin/pg_ctl" -D "$data" -m fast stop >/dev/null 2>&1 || true
  [ -z "${data:-}" ] || rm -rf "$data"
}
as_postgres() {
  # PostgreSQL refuses to run as root.
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
trap stop EXIT

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1 || true)
if [ -n "$bin" ] && command -v redis-server >/dev/null; then
  data=$(mktemp -d /tmp/sturmglas-postgres-XXXXXX)
  [ "$(id -u)" != 0 ] || chown postgres "$data"
  as_postgres "$bin/initdb" -D "$data" -U bluesky --auth=trust >/dev/null
  as_postgres "$bin/pg_ctl" -D "$data" -w -l "$data/log" \
    -o "-p 54329 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data" start >/dev/null
  as_postgres "$bin/createdb" -h 127.0.0.1 -p 54329 -U bluesky bluesky
  redis-server --port 63799 --bind 127.0.0.1 --save "" --appendonly no >/dev/null &
  redis=$!
  export DB_POSTGRES_URL="postgresql://bluesky@127.0.0.1:54329/bluesky" REDIS_HOST="127.0.0.1:63799"
fi

.venv/bin/python -m pytest tests/live -m live "$@"
