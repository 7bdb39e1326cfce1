#!/usr/bin/env bash
# Starts the shop with its demo data and lets schemathesis search for responses that violate its
# OpenAPI document. Needs `uv sync --group api`; arguments are passed to schemathesis.
#
#   bash scripts/fuzz.sh                   the default seed, two and a half minutes
#   SEED=7 MAX_SECONDS=900 bash scripts/fuzz.sh
#   DB_HOST=… bash scripts/fuzz.sh         on PostgreSQL
#   CALLER=customer bash scripts/fuzz.sh   as a customer or as staff, instead of an administrator
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

# In a temporary folder, so that the data and the .env of this checkout stay unchanged.
cd "$work"
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# Cheap hashing allows more cases in the same time; rate limits would end the run at once.
export ADMIN_PASSWORD=a-kettle-for-the-fuzzer
HOST=127.0.0.1 PORT="$port" DATA_DIR="$work/data" PASSWORD_MEMORY_KIB=8 PASSWORD_ITERATIONS=1 \
    LOGIN_LIMIT_PER_ACCOUNT=1000000 LOGIN_LIMIT_PER_ADDRESS=1000000 RATE_LIMIT_PER_MINUTE=0 \
    PAYMENT_PROVIDERS=manual,test ACCESS_TOKEN_SECONDS=86400 python "$root/main.py" --demo >"$work/log" 2>&1 &
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

if [ -z "${DB_HOST-}" ]; then
    # The shop would draw hundreds of pictures while the fuzzer waits for its responses.
    PYTHONPATH="$root" python -c 'import sys
from pathlib import Path
from tests.support.tables import draw_few_pictures
draw_few_pictures(Path(sys.argv[1]))' "$work/data/lavka.db"
fi

# Prints a field of the JSON document on standard input.
field() {
    python -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

log_in() {
    curl -fsS "$url/api/v1/auth/token" --data-urlencode "username=$1" \
        --data-urlencode "password=$ADMIN_PASSWORD" | field access_token
}

admin_token=$(log_in admin@example.com)
token=$admin_token
if [ "${CALLER:-admin}" != admin ]; then
    caller=$(curl -fsS "$url/api/v1/users" -H 'Content-Type: application/json' -d "{\"email\": \"caller@example.com\",
        \"username\": \"caller\", \"first_name\": \"A\", \"last_name\": \"Caller\", \"password\": \"$ADMIN_PASSWORD\"}" | field id)
    curl -fsS -o /dev/null -X PATCH "$url/api/v1/users/$caller/access" -H "Authorization: Bearer $admin_token" \
        -H 'Content-Type: application/json' -d "{\"role\": \"$CALLER\"}"
    token=$(log_in caller)
fi
own_id=$(curl -fsS -H "Authorization: Bearer $token" "$url/api/v1/users/me" | field id)

# Without the routes that end the log-in of all other cases, and without the events that only a
# provider of payments can sign; tests/test_controllers covers them.
status=0
SHOP_CALLER_ID="$own_id" SHOP_ADMIN_TOKEN="$admin_token" SHOP_URL="$url" PYTHONPATH="$root" schemathesis --config-file "$root/schemathesis.toml" run "$url/docs/openapi.json" \
    --header "Authorization: Bearer $token" \
    --exclude-operation-id auth_log_out --exclude-operation-id auth_log_out_everywhere \
    --exclude-operation-id auth_end_session \
    --exclude-operation-id provider_receive \
    --checks all \
    --phases examples,coverage,fuzzing,stateful \
    --seed "${SEED:-1}" \
    --max-examples "${MAX_EXAMPLES:-50}" \
    --max-time "${MAX_SECONDS:-150}" \
    --generation-database none \
    --no-color "$@" || status=$?

# Schemathesis reports a response of 500; the log has its reason.
grep -E '"level": ?"error"' "$work/log" | sed 's/\\n/\n/g' >&2 || true
exit "$status"
