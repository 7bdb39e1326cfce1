#!/usr/bin/env bash
# Runs test_report_api.sh against new shops: with a clock that can be moved, also in another time zone,
# and with one that cannot.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
export ADMIN_PASSWORD=a-kettle-for-the-reports DB_HOST='' RABBITMQ_HOST='' REDIS_HOST=''

stop() {
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null; wait "$server"; } || true
    server=
}
trap 'stop; rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM

# try NAME VARIABLES…: starts a shop with these settings and runs the script against it.
try() {
    local name=$1 port
    shift
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    echo "-- $name"
    env "$@" DATA_DIR="$work/$name" PORT="$port" uv run main.py >"$work/log" 2>&1 &
    server=$!
    for _ in $(seq 600); do
        kill -0 "$server" 2>/dev/null || { cat "$work/log"; exit 1; }
        curl -fsS -o /dev/null "http://127.0.0.1:$port/health/ready" 2>/dev/null && break
        sleep 0.1
    done
    env "$@" BASE_URL="http://127.0.0.1:$port" bash test_report_api.sh || { cat "$work/log"; exit 1; }
    stop
}

try moved TEST_CLOCK=1
try elsewhere TEST_CLOCK=1 SHOP_TIMEZONE=Pacific/Auckland
try fixed
