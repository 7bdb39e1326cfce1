#!/usr/bin/env bash
# Runs the tests of the pages in a browser. Needs Debian's chromium-headless-shell or chromium;
# arguments are passed to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

exec uv run --group browser pytest -q tests/browser "$@"
