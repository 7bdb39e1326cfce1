#!/usr/bin/env bash
# Lints the documents that the shop serves: OpenAPI by spectral (`.spectral.yaml`) and redocly,
# AsyncAPI by spectral (`.spectral-asyncapi.yaml`), against the official schema of its version.
# The linters are installed into `node_modules` of this checkout, which git ignores.
set -euo pipefail

# The one place of the linters' versions.
tools=(
    @stoplight/spectral-cli@6.16.3
    @stoplight/spectral-owasp-ruleset@2.0.1
    @redocly/cli@2.77.0
    # The official JSON Schemas of AsyncAPI, which spectral validates by.
    @asyncapi/specs@6.11.1
)

root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/node_modules/.bin:$root/.venv/bin:$PATH"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

for command in node npm; do
    if ! command -v "$command" >/dev/null; then
        echo "error: there is no $command; on Debian: apt-get install nodejs npm" >&2
        exit 1
    fi
done
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
    echo "error: redocly needs node 20.19 or newer, this is $(node --version)" >&2
    exit 1
fi

# No lock file: it would name the hosts of the registry that it was made with.
npm install --prefix "$root" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    --loglevel error "${tools[@]}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM

# A folder of its own: neither the data nor the .env of this checkout is touched.
cd "$work"
for name in openapi asyncapi; do
    DATA_DIR="$work/data" PYTHONPATH="$root" python "$root/scripts/show_document.py" "$name" >"$name.json"
done

status=0
spectral lint --ruleset "$root/.spectral.yaml" -F error openapi.json || status=1
spectral lint --ruleset "$root/.spectral-asyncapi.yaml" -F warn asyncapi.json || status=1
redocly lint --extends=recommended openapi.json || status=1
exit "$status"
