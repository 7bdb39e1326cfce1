#!/usr/bin/env bash
# Follows the README like a new user: clones the repository into a new folder, starts the shop with an
# empty uv cache, sends the README's requests, and starts the shop again.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server=
export UV_CACHE_DIR="$work/cache" UV_NO_PROGRESS=1
export ADMIN_PASSWORD=a-kettle-for-the-smoke-test
unset VIRTUAL_ENV DATA_DIR DB_HOST UV_NO_SYNC

stop() {
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null; wait "$server"; } || true
    server=
}
trap 'stop; rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM

now() { date +%s%3N; }
fail() {
    echo "FAILED: $*" >&2
    cat "$work/log" >&2
    exit 1
}

# start ARGUMENTS…: starts the shop, waits for its first response and prints the time it took.
start() {
    local before
    before=$(now)
    PORT="$port" uv run main.py "$@" >"$work/log" 2>&1 &
    server=$!
    for _ in $(seq 1200); do
        kill -0 "$server" 2>/dev/null || fail "the shop exited"
        if curl -fsS -o "$work/ready" "$url/health/ready" 2>/dev/null; then
            echo "first response after $(($(now) - before)) ms: $(cat "$work/ready")"
            return
        fi
        sleep 0.05
    done
    fail "no response"
}

count() { python3 -c 'import json, sys; print(len(json.load(sys.stdin)["items"]))'; }

git clone --quiet "$root" "$work/lavka"
cd "$work/lavka"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url="http://127.0.0.1:$port"

start --demo
[ "$(curl -fsS "$url/api/v1/products?limit=20" | count)" = 20 ] || fail "there are not 20 products"
curl -fsS "$url/docs" | grep -q swagger-ui || fail "no page at /docs"
curl -fsS "$url/docs/openapi.json" | grep -q '"openapi":"3.1' || fail "no OpenAPI document"

# The exact requests of the README, except for the port.
awk '/^```bash$/ {block = ""; inside = 1; next} /^```$/ {if (inside && block ~ /curl/) print block; inside = 0} inside {block = block $0 "\n"}' \
    README.md | sed "s/localhost:8000/127.0.0.1:$port/g" >"$work/requests"
bash -euo pipefail "$work/requests" >"$work/answers" || fail "a request of the README"
grep -q '"items":\[{"id"' "$work/answers" || fail "the README's list: $(cat "$work/answers")"
grep -q '"status":"pending"' "$work/answers" || fail "the README's order: $(cat "$work/answers")"
uv run python -m benchmarks.replay --url "$url" --orders 200 || fail "the replay"
stop

start
form=(--data-urlencode username=admin@example.com --data-urlencode "password=$ADMIN_PASSWORD")
token=$(curl -fsS "$url/api/v1/auth/token" "${form[@]}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
[ "$(curl -fsS -H "Authorization: Bearer $token" "$url/api/v1/orders?limit=100" | count)" = 100 ] || fail "the data was lost"
stop
echo "the commands of the README work"
