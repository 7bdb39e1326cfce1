#!/usr/bin/env bash
# Starts the whole shop in containers from a clean clone and checks it.
# Names of services limit what is started: scripts/compose_check.sh db redis rabbitmq web worker
# It needs Docker, uv, curl, and the ports of docker-compose.yml.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
services=("$@")
work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=lavka-check-$$ UV_NO_PROGRESS=1 COMPOSE_ANSI=never
unset VIRTUAL_ENV
# Only the settings that a check writes may apply.
# Not those of the machine's certificates, without which nothing could be downloaded.
while read -r name; do unset "$name"; done < <(sed -nE '/SSL_CERT_/d; s/^# ?([A-Z_]+)=.*/\1/p' "$root/.env.example")

if docker compose version >/dev/null 2>&1; then
    compose() { docker compose "$@"; }
else
    compose() { docker-compose "$@"; }
fi

clean_up() {
    compose --profile replicas down -v --rmi local --timeout 5 >>"$work/down.log" 2>&1 || true
    cd / && rm -rf -- "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# shellcheck source=scripts/compose_lib.sh
source "$root/scripts/compose_lib.sh"

up() { compose up --build -d "$@" >"$work/log" 2>&1 || fail "compose up: $(tail -n 20 "$work/log")"; }
down() { compose --profile replicas down -v >>"$work/log" 2>&1 || fail "compose down -v"; }
sql() { compose exec -T db sh -c "psql -qtA -U \"\$POSTGRES_USER\" -d \"\$POSTGRES_DB\" -c \"$1\""; }
has() { [ "${#services[@]}" -eq 0 ] || [[ " ${services[*]} " == *" $1 "* ]]; }

git clone --quiet "$root" "$work/lavka"
cd "$work/lavka"

# First: the example settings.
cp .env.example .env
began=$SECONDS
up "${services[@]}"
ok "a clean clone with .env.example is built and started ($((SECONDS - began)) s)"
wait_until_healthy 240
ok "all $(container_ids | wc -l) containers are healthy ($((SECONDS - began)) s after the start)"

python3 "$root/scripts/compose_ports.py" >"$work/ports" || fail "ports: $(cat "$work/ports")"
ok "all ports answer: $(paste -sd, "$work/ports" | sed 's/,/, /g')"

open=$(docker ps --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --format '{{.Ports}}' \
    | grep -oE '(0\.0\.0\.0|\[?::\]?):[0-9]+' || true)
[ -z "$open" ] || fail "reachable from the network: $open"
ok "every port is reachable from this machine only"

queues_of() { curl -fsS -u guest:guest "http://127.0.0.1:15672/api/queues/$1" | grep -oE '"name":"[a-z_.]+"' | sort -u | wc -l; }
[ "$(queues_of %2F)" -ge 9 ] || fail "there are only $(queues_of %2F) queues"
ok "RabbitMQ has its $(queues_of %2F) queues before the first message"

for service in web worker taskiq-worker taskiq-scheduler; do
    has "$service" || continue
    [ "$(compose exec -T "$service" id -u)" != 0 ] || fail "$service runs as root"
    if compose exec -T "$service" touch /shop/written 2>/dev/null; then fail "$service can write to its root directory"; fi
    compose exec -T "$service" grep -q '^CapBnd:.0*$' /proc/1/status || fail "$service has capabilities"
    compose exec -T "$service" grep -q '^NoNewPrivs:.1$' /proc/1/status || fail "$service can gain privileges"
done
ok "the shop's processes are not root, have no capability, and cannot write to their file system"

size=$(docker image inspect --format '{{.Size}}' "$(docker inspect --format '{{.Image}}' "$(compose ps -q web)")")
base=$(docker image inspect --format '{{.Size}}' python:3.13-slim 2>/dev/null || echo 0)
added=$(((size - base) / 1000000))
# Only the added size counts: the base may be of another size than python:3.13-slim (125 MB).
# Pillow, which renders images, is 23 MB of it, obstore, which stores them, 16 MB,
# and the library of Stripe 31 MB.
[ "$added" -lt 251 ] || fail "the image adds $added MB to its base"
ok "the image has $((size / 1000000)) MB: $added MB on a base of $((base / 1000000)) MB"

echo '# a code change' >>app/core/clock.py
began=$SECONDS
compose build web >"$work/log" 2>&1 || fail "the build: $(tail -n 20 "$work/log")"
took=$((SECONDS - began))
[ "$took" -le 20 ] || fail "a code change took $took s to build"
ok "a code change is built in $took s"

compose exec -T web lavka demo >"$work/log" 2>&1 || fail "lavka demo: $(cat "$work/log")"
ADMIN_PASSWORD=$(compose exec -T web lavka admin admin@example.com | grep -oE '[^ ]+$')
export ADMIN_PASSWORD
before=$(sql 'SELECT count(*) FROM orders')
uv run --quiet --project "$root" examples/publish_orders.py --orders 300 >"$work/log" 2>&1 || fail "publish_orders: $(cat "$work/log")"
settled() { echo $(($(sql 'SELECT count(*) FROM orders') - before + $(sql 'SELECT count(*) FROM dead_letters'))); }
for _ in $(seq 60); do [ "$(settled)" -lt 300 ] || break; sleep 1; done
[ "$(settled)" = 300 ] || fail "only $(settled) of 300 orders over RabbitMQ are settled"
ok "examples/publish_orders.py from outside: 300 orders, $(sql 'SELECT count(*) FROM dead_letters') refused for lack of stock, none lost"

if [ -f test_report_api.sh ]; then
    # It makes its own administrator, in the container.
    env -u ADMIN_PASSWORD bash test_report_api.sh >"$work/log" 2>&1 || fail "test_report_api.sh: $(tail -n 20 "$work/log")"
    ok "test_report_api.sh passes from outside the containers"
else
    echo "--   test_report_api.sh does not exist"
fi

began=$SECONDS
own=()
for service in web worker taskiq-worker taskiq-scheduler; do if has "$service"; then own+=("$service"); fi; done
compose stop "${own[@]}" >>"$work/log" 2>&1
for service in "${own[@]}"; do
    id=$(compose ps -a -q "$service" 2>/dev/null || compose ps -q "$service")
    code=$(docker inspect --format '{{.State.ExitCode}}' "$id")
    [ "$code" = 0 ] || fail "$service exited with $code"
done
[ $((SECONDS - began)) -le 35 ] || fail "the shutdown took $((SECONDS - began)) s"
ok "${own[*]}: shut down cleanly ($((SECONDS - began)) s)"

# Second: custom settings, with an e-mail address that pgAdmin rejects.
down
cat >.env <<'ENV'
POSTGRES_USER=admin
POSTGRES_PASSWORD=admin
POSTGRES_DB=lab_db2
PGADMIN_DEFAULT_EMAIL=admin@main_app.com
PGADMIN_DEFAULT_PASSWORD=admin
DB_HOST=db
DB_PORT=5432
HOST=0.0.0.0
PORT=8000
RABBITMQ_HOST=rabbitmq
RABBITMQ_PORT=5672
RABBITMQ_VHOST=local
RABBITMQ_USER=guest
RABBITMQ_PASSWORD=guest
REDIS_HOST=redis
REDIS_PORT=6379
REDIS_DB=0
REDIS_DECODE_RESPONSES=true
ENV
up "${services[@]}"
wait_until_healthy 240
[ "$(sql 'SELECT current_database() || current_user')" = lab_db2admin ] || fail "the database's names are not those of .env"
[ "$(queues_of local)" -ge 9 ] || fail "the virtual host of .env has only $(queues_of local) queues"
curl -fsS http://127.0.0.1:8000/health/ready >/dev/null || fail "the shop is not ready"
ok "custom settings: another database, user and virtual host, all healthy"
if has pgadmin; then
    grep -q 'log in as admin@main-app.com' < <(compose logs pgadmin 2>&1) || fail "pgAdmin's address"
    ok "pgAdmin uses admin@main-app.com for admin@main_app.com and logs it"
fi

# Third: no settings at all, and two web containers that start together on an empty database.
down
rm .env
compose up -d db redis rabbitmq >"$work/log" 2>&1 || fail "compose up: $(cat "$work/log")"
compose --profile replicas up --build -d web web-2 front >"$work/log" 2>&1 || fail "compose up: $(tail -n 20 "$work/log")"
wait_until_healthy 240
migrated=$(compose --profile replicas logs web web-2 2>&1 | grep -c ': migrated$' || true)
[ "$migrated" = 1 ] || fail "$migrated of two containers migrated"
for service in web web-2; do
    compose --profile replicas exec -T "$service" python -c \
        "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/api/v1/products', timeout=5)" || fail "$service does not serve"
done
curl -fsS http://127.0.0.1:8080/api/v1/products >/dev/null || fail "the proxy does not serve"
ok "no .env, two web containers on an empty database: one migrates, both serve, also through the proxy"

compose --profile replicas rm -sf web web-2 front >>"$work/log" 2>&1 || fail "compose rm: $(cat "$work/log")"
PORT=8000-8001 compose up -d --scale web=2 web >"$work/log" 2>&1 || fail "--scale web=2: $(cat "$work/log")"
wait_until_healthy 240
for port in 8000 8001; do curl -fsS "http://127.0.0.1:$port/health/ready" >/dev/null || fail "no web container on $port"; done
ok "PORT=8000-8001 docker compose up --scale web=2: both serve"

if ENVIRONMENT=production compose run --rm -T web >"$work/log" 2>&1; then fail "production started with example passwords"; fi
for name in POSTGRES_PASSWORD RABBITMQ_PASSWORD REDIS_PASSWORD SECRET_KEY; do
    grep -q "^ *$name: " "$work/log" || fail "production does not report $name: $(cat "$work/log")"
done
ok "ENVIRONMENT=production rejects the example values of $(grep -oE '^ +[A-Z_]+:' "$work/log" | tr -d ' :' | paste -sd' ')"

down
left=$(docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
    docker volume ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
    docker network ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")
[ -z "$left" ] || fail "down -v left behind: $left"
ok "down -v leaves no container, volume or network"
