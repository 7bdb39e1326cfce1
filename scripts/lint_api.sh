#!/usr/bin/env bash
# Lints the API documents of the shop: OpenAPI with spectral (`.spectral.yaml`) and redocly, AsyncAPI
# with spectral (`.spectral-asyncapi.yaml`) against the official schema of its version.
# The linters are installed in `node_modules` of this checkout, which git ignores.
set -euo pipefail

# The only place with the versions of the linters.
tools=(
    @stoplight/spectral-cli@6.16.3
    @stoplight/spectral-owasp-ruleset@2.0.1
    @redocly/cli@2.77.0
    # The official JSON Schemas of AsyncAPI, used by spectral.
    @asyncapi/specs@6.11.1
)

root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/node_modules/.bin:$root/.venv/bin:$PATH"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

for command in node npm; do
    if ! command -v "$command" >/dev/null; then
        echo "error: $command is not installed; on Debian: apt-get install nodejs npm" >&2
        exit 1
    fi
done
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
    echo "error: redocly needs node 20.19 or newer, this is $(node --version)" >&2
    exit 1
fi

# No lock file, because it would contain the hosts of the registry in use.
npm install --prefix "$root" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    --loglevel error "${tools[@]}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM

# In a temporary folder, so that the data and the .env of this checkout stay unchanged.
cd "$work"
for name in openapi asyncapi; do
    DATA_DIR="$work/data" PYTHONPATH="$root" python "$root/scripts/show_document.py" "$name" >"$name.json"
done

status=0
spectral lint --ruleset "$root/.spectral.yaml" -F error openapi.json || status=1
spectral lint --ruleset "$root/.spectral-asyncapi.yaml" -F warn asyncapi.json || status=1
redocly lint --extends=recommended openapi.json || status=1
exit "$status"
