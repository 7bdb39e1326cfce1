# shellcheck shell=bash
# Functions shared by the container checks, which define `compose` and the folder `work`.

ok() { printf 'ok   %s\n' "$*"; }

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    compose --profile replicas ps >&2 || true
    compose --profile replicas logs --tail 25 >&2 || true
    exit 1
}

container_ids() { docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"; }

# Prints the containers that are not healthy, one per line, with their state.
unhealthy() {
    container_ids | xargs -r docker inspect \
        --format '{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}' \
        | grep -v ' running healthy$' || true
}

# wait_until_healthy SECONDS
wait_until_healthy() {
    local deadline=$((SECONDS + $1))
    until [ -z "$(unhealthy)" ]; do
        [ "$SECONDS" -lt "$deadline" ] || fail "not healthy after $1 s: $(unhealthy | paste -sd';')"
        sleep 1
    done
}
