#!/usr/bin/env bash
# Tests the API of a running shop, mainly the daily reports. It prints a line for each check and stops
# with an error at the first failure. It needs bash, curl and jq.
#
#   bash test_report_api.sh
#   BASE_URL=http://localhost:8000 ADMIN_EMAIL=admin@example.com ADMIN_PASSWORD=… bash test_report_api.sh
#
# PORT, SHOP_TIMEZONE, ADMIN_EMAIL and ADMIN_PASSWORD come from the environment or .env. Without
# ADMIN_PASSWORD, or if the one of .env does not log in, the script makes an administrator of its own
# with `lavka admin`, in the container of the shop if there is one, and says so.
#
# Reports need a day that has ended. If the shop runs with TEST_CLOCK=1, this script moves the time by
# two days and checks all figures of its own orders; otherwise it checks the report of an earlier day.
set -euo pipefail
cd "$(dirname "$0")"

# setting NAME: its value in the environment, or else in .env.
setting() {
    local value=${!1:-}
    if [ -z "$value" ] && [ -f .env ]; then
        value=$(sed -nE "s/^(export +)?$1 *= *//p" .env | tail -n 1 | tr -d '\r')
        case $value in
            \"*\"*) value=${value#\"} value=${value%\"*} ;;
            \'*\'*) value=${value#\'} value=${value%\'*} ;;
            *) value=$(printf %s "$value" | sed -E 's/ +#.*//; s/ +$//') ;;
        esac
    fi
    printf %s "$value"
}

port=$(setting PORT)
BASE_URL=${BASE_URL:-http://localhost:${port:-8000}}
SHOP_TIMEZONE=$(setting SHOP_TIMEZONE)
is_given=${ADMIN_PASSWORD:+yes}
ADMIN_EMAIL=$(setting ADMIN_EMAIL)
ADMIN_EMAIL=${ADMIN_EMAIL:-admin@example.com}
ADMIN_PASSWORD=$(setting ADMIN_PASSWORD)
api="$BASE_URL/api/v1"
run="$(date +%s)-$$"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
token=
checks=0

for tool in curl jq; do
    command -v "$tool" >/dev/null || { echo "error: $tool is not installed" >&2; exit 2; }
done
curl -sS -o "$work/body" "$BASE_URL/health/live" || { echo "error: $BASE_URL does not answer" >&2; exit 2; }

# call METHOD PATH [CURL ARGUMENTS…]: sends a request; the response is in $status and $work/body.
call() {
    local method=$1 path=$2
    shift 2
    status=$(curl -sS -X "$method" "$api$path" -o "$work/body" -D "$work/head" -w '%{http_code}' \
        ${token:+-H "Authorization: Bearer $token"} "$@") || { echo "error: $BASE_URL does not answer" >&2; exit 2; }
}

# send METHOD PATH JSON: sends JSON.
send() { call "$1" "$2" -H 'Content-Type: application/json' --data "$3"; }

get() { jq -r "$1" "$work/body"; }

# check NAME ACTUAL EXPECTED
check() {
    if [ "$2" = "$3" ]; then
        checks=$((checks + 1))
        echo "ok    $1"
    else
        echo "FAIL  $1: $2 instead of $3"
        echo "      the last response was $status: $(head -c 1000 "$work/body")"
        exit 1
    fi
}

# local_day MOMENT: the shop day of a moment.
local_day() {
    TZ=${SHOP_TIMEZONE:-UTC} jq -nr --arg at "$1" '$at | sub("\\.[0-9]+"; "") | fromdate | strflocaltime("%Y-%m-%d")'
}

log_in() {
    token=
    call POST /auth/token --data-urlencode "username=$ADMIN_EMAIL" --data-urlencode "password=$ADMIN_PASSWORD"
    token=$(get '.access_token // empty')
}

# make_administrator COMMAND…: makes an administrator of this script's own, and logs in.
make_administrator() {
    ADMIN_EMAIL=report-check@example.com
    "$@" lavka admin "$ADMIN_EMAIL" >"$work/admin" 2>"$work/refused" || return 1
    ADMIN_PASSWORD=$(sed -n 's/.* with the password //p' "$work/admin")
    log_in
    [ "$status" = 200 ] || return 1
    echo "      made the administrator $ADMIN_EMAIL with \`$* lavka admin $ADMIN_EMAIL\`"
}

compose=(docker compose)
docker compose version >/dev/null 2>&1 || compose=(docker-compose)
has_container() { [ -n "$("${compose[@]}" ps -q web 2>/dev/null)" ]; }

status=
if [ -n "$ADMIN_PASSWORD" ]; then
    log_in
    [ "$status" = 200 ] || [ -n "$is_given" ] || echo "      ADMIN_PASSWORD of .env does not log in"
else
    echo "      ADMIN_PASSWORD is not set"
fi
if [ "$status" != 200 ] && [ -z "$is_given" ]; then
    { has_container && make_administrator "${compose[@]}" exec -T web; } || make_administrator uv run --quiet || {
        echo "error: no administrator of $BASE_URL could be made: $(tail -n 1 "$work/refused")" >&2
        echo "error: run it where the shop runs, or set ADMIN_EMAIL and ADMIN_PASSWORD" >&2
        exit 2
    }
fi
check "the administrator logs in" "$status" 200

send POST /products "{\"sku\": \"REPORT-$run\", \"name\": \"=Tea $run\", \"category\": \"Tea\", \"price\": \"4.25\", \"stock_quantity\": 50}"
check "a product is added" "$status" 201
product=$(get .id)

send POST /users "{\"email\": \"report-$run@example.com\", \"username\": \"r-$run\", \"first_name\": \"Ada\", \"last_name\": \"Lovelace\", \"password\": \"a kettle for reports\"}"
check "a customer registers" "$status" 201
customer=$(get .id)

place() {
    send POST /orders "{\"user_id\": \"$customer\", \"items\": [{\"product_id\": \"$product\", \"quantity\": $1}]}"
    check "an order of $1 is placed" "$status" 201
    order=$(get .id)
}
place 2
first=$order
placed_at=$(get .created_at)
place 3
second=$order
place 5
third=$order

send PATCH "/orders/$first" '{"status": "paid"}'
check "an order is marked as paid" "$status $(get .status)" "200 paid"
send PATCH "/orders/$first" '{"status": "delivered"}'
check "it cannot skip a status" "$status $(get .type)" "409 urn:problem:illegal-transition"
call POST "/orders/$second/cancel"
check "an order is cancelled" "$status $(get .status)" "200 cancelled"
call GET "/products/$product"
check "its units are back in stock" "$(get .stock_quantity)" 43

token_kept=$token token=
call GET /reports
check "reports need a log-in" "$status" 401
call POST /auth/token --data-urlencode "username=r-$run" --data-urlencode "password=a kettle for reports"
token=$(get .access_token)
call GET /reports
check "a customer may not read reports" "$status" 403
token=$token_kept

send POST /reports '{"day": "9999-01-01"}'
check "a day that has not ended is refused" "$status $(get .type)" "409 urn:problem:day-not-over"
send POST /reports '{"day": "2026-02-30"}'
check "a date that does not exist is refused" "$status $(get .type)" "400 urn:problem:invalid-input"
send POST /reports '{"day": "yesterday"}'
check "a text that is not a date is refused" "$status $(get '.errors[0].pointer')" "400 #/day"
send POST /reports '{"day": "2026-02-28", "force": true}'
check "unknown fields are refused" "$status $(get '.errors[0].pointer')" "400 #/force"
call POST /reports -H 'Content-Type: text/plain' --data '{"day": "2026-02-28"}'
check "a body that is not JSON is refused" "$status" 415
call GET /reports/1970-01-02
check "a missing report is not found" "$status $(get .type)" "404 urn:problem:report-not-found"
call GET '/reports?from=2026-02-02&to=2026-02-01'
check "a period that ends before it begins is refused" "$status" 400

call GET /clock
if [ "$status" = 200 ]; then
    sold_on=$(local_day "$placed_at")
    day=$sold_on
    send POST /clock '{"seconds": 172800}'
    check "the time is moved by two days" "$status" 200
    log_in
    check "the administrator logs in again" "$status" 200
else
    echo "      the time cannot be moved (TEST_CLOCK is not set): using the report of an earlier day"
    day=$(jq -nr 'now - 2 * 86400 | strftime("%Y-%m-%d")')
fi

send POST /reports "{\"day\": \"$day\"}"
check "the report of $day is requested" "$status" 202
operation=$(get .id)
for _ in $(seq 150); do
    call GET "/operations/$operation"
    case $(get .state) in succeeded | failed) break ;; esac
    sleep 0.2
done
check "the report is made" "$(get .state)" succeeded

call GET "/reports/$day?limit=100"
check "the report is returned" "$status $(get .day)" "200 $day"
cp "$work/body" "$work/report"
check "the orders of all hours add up to the day" "$(get '[.by_hour[].orders_count] | add // 0')" "$(get .placed.orders_count)"
check "units minus cancelled units are the net units" "$(get '.placed.units - .cancelled.units')" "$(get .net_units)"
digest=$(get .digest)

# Every line, page by page.
: >"$work/lines"
while :; do
    jq -c '.items[]' "$work/body" >>"$work/lines"
    next=$(get '.next // empty')
    [ -n "$next" ] || break
    call GET "/reports/$day?limit=100&cursor=$next"
done
check "the report has a line for each order" "$(jq -s length "$work/lines")" "$(jq .placed.orders_count "$work/report")"
check "the units of the lines add up to the day" "$(jq -s 'map(.count_product) | add // 0' "$work/lines")" "$(jq .placed.units "$work/report")"
check "the totals of the lines add up to the day" \
    "$(jq -s 'map(.total | tonumber * 100 | round) | add // 0' "$work/lines")" \
    "$(jq '.placed.amount | tonumber * 100 | round' "$work/report")"

call GET "/reports/$day" -H 'Accept: text/csv'
check "the report is available as CSV" "$status $(tr -d '\r' <"$work/head" | sed -n 's/^[Cc]ontent-[Tt]ype: \([^;]*\).*/\1/p')" "200 text/csv"
check "the CSV has a row for each order" "$(($(wc -l <"$work/body") - 1))" "$(jq .placed.orders_count "$work/report")"
columns=$(head -1 "$work/body" | tr -d '\r')
check "the CSV says that it is in UTF-8 and has the named columns" "$columns" \
    $'\xef\xbb\xbf'"report_at,report_id,order_id,order_number,placed_at,count_product,total"

if [ "$day" = "${sold_on:-}" ]; then
    for each in "$first 2" "$second 3" "$third 5"; do
        check "the CSV has order ${each% *} with ${each#* } units" \
            "$(grep -c ",${each% *},.*,${each#* },[0-9.]*" "$work/body")" 1
    done
    call GET "/reports/$day/products?limit=100"
    while [ "$(get "[.items[] | select(.product_id == \"$product\")] | length")" = 0 ] && [ -n "$(get '.next // empty')" ]; do
        call GET "/reports/$day/products?limit=100&cursor=$(get .next)"
    done
    check "10 units of the product were placed, 3 were cancelled" \
        "$(get ".items[] | select(.product_id == \"$product\") | \"\(.units) \(.gross) \(.cancelled_units) \(.cancelled)\"")" \
        "10 42.50 3 12.75"
    call GET "/reports/$day/products" -H 'Accept: text/csv'
    check "no cell of the CSV is a formula" "$(grep -c ",'=Tea $run," "$work/body")" 1
fi

send POST /reports "{\"day\": \"$day\"}"
operation=$(get .id)
for _ in $(seq 150); do
    call GET "/operations/$operation"
    case $(get .state) in succeeded | failed) break ;; esac
    sleep 0.2
done
check "a repeated report has the same digest" "$(get .result.digest)" "$digest"

call GET "/reports?from=$day&to=$day"
check "the report is in the list" "$(get '[.items[].day] | join(" ")')" "$day"
call GET "/reports/$day/chart.svg"
check "the chart of hours is an SVG image" "$status $(head -c 4 "$work/body")" "200 <svg"
call GET "/reports/chart.svg?from=$day&to=$day"
check "the chart of days is an SVG image" "$status $(head -c 4 "$work/body")" "200 <svg"

echo "$checks checks passed"
