#!/usr/bin/env bash
# Runs the tests of the servers that tests start, if one of these files has changed since the commit
# CI_BEFORE (by default HEAD~1), or if the clone does not have that commit. Nothing else can break
# them, and they take a minute.
set -euo pipefail
cd "$(dirname "$0")/.."

before=${CI_BEFORE:-HEAD~1}
if git diff --quiet "$before" -- tests/support tests/harness tests/conftest.py 2>/dev/null; then
    echo "unchanged since $before"
else
    uv run pytest -q -n 3 tests/harness
fi
