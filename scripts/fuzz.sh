#!/usr/bin/env bash
# Starts the shop with its demo data and lets schemathesis look for answers that its OpenAPI
# document does not promise. Needs `uv sync --group api`; arguments go to schemathesis.
#
#   bash scripts/fuzz.sh                   the seed of every day, two and a half minutes
#   SEED=7 MAX_SECONDS=900 bash scripts/fuzz.sh
#   DB_HOST=… bash scripts/fuzz.sh         on PostgreSQL
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/.venv/bin:$PATH"
work=$(mktemp -d)
server=

finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf -- "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# A folder of its own: neither the data nor the .env of this checkout is touched.
cd "$work"
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
HOST=127.0.0.1 PORT="$port" DATA_DIR="$work/data" python "$root/main.py" --demo >"$work/log" 2>&1 &
server=$!

url="http://127.0.0.1:$port"
for _ in $(seq 300); do
    if ! kill -0 "$server" 2>/dev/null; then
        cat "$work/log" >&2
        exit 1
    fi
    if curl -fsS -o /dev/null "$url/health/ready" 2>/dev/null; then
        break
    fi
    sleep 0.2
done

status=0
SHOP_URL="$url" PYTHONPATH="$root" schemathesis --config-file "$root/schemathesis.toml" run "$url/docs/openapi.json" \
    --checks all \
    --phases examples,coverage,fuzzing,stateful \
    --seed "${SEED:-1}" \
    --max-examples "${MAX_EXAMPLES:-50}" \
    --max-time "${MAX_SECONDS:-150}" \
    --generation-database none \
    --no-color "$@" || status=$?

# An answer of 500 is found by schemathesis, its reason is here.
grep -A 60 -E ' ERROR ' "$work/log" >&2 || true
exit "$status"
