"""The script that shows the cache at work says what is so, and fails when it is not."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

from tests.support.processes import ROOT, free_port
from tests.support.servers import RedisServer


def shown(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script as a person would."""
    return subprocess.run(
        [sys.executable, "test_redis_cache.py"],
        cwd=ROOT,
        env={**os.environ, "REDIS_HOST": "", "DB_HOST": "", "RABBITMQ_HOST": "", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_cache_in_memory_is_as_promised() -> None:
    done = shown({})
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 17, 0)


def test_the_cache_in_redis_is_as_promised(redis_server: RedisServer) -> None:
    done = shown(
        {
            "REDIS_HOST": redis_server.host,
            "REDIS_PORT": str(redis_server.port),
            "REDIS_DECODE_RESPONSES": "true",
        }
    )
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 28, 0)
    assert re.search(r"Redis stopped, read +│ miss, 5.49", done.stdout)


def test_without_its_redis_it_fails() -> None:
    done = shown({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(free_port())})
    assert done.returncode == 1
    assert "is unavailable" in done.stderr
