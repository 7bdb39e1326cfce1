"""The script that demonstrates the cache prints each guarantee, and fails if one is broken."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

from redis import Redis

from tests.support.processes import ROOT, free_port
from tests.support.refusals import USER
from tests.support.servers import RedisServer


def shown(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script like a user."""
    return subprocess.run(
        [sys.executable, "test_redis_cache.py"],
        cwd=ROOT,
        env={**os.environ, "REDIS_HOST": "", "DB_HOST": "", "RABBITMQ_HOST": "", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_script_shows_the_guarantees_of_the_cache_in_memory() -> None:
    done = shown({})
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 17, 0)


def test_the_script_shows_the_guarantees_of_the_cache_in_redis(redis_server: RedisServer) -> None:
    counter = f"limit:registration:{USER['email']}"
    with Redis(redis_server.host, redis_server.port) as redis:
        # As if this user had been registered too often a moment ago.
        redis.set(counter, 100, ex=60)
        done = shown(
            {
                "REDIS_HOST": redis_server.host,
                "REDIS_PORT": str(redis_server.port),
                "REDIS_DECODE_RESPONSES": "true",
            }
        )
        redis.delete(counter)
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 28, 0)
    assert re.search(r"Redis stopped, read +│ miss, 5.49", done.stdout)


def test_without_redis_the_script_names_the_address_that_it_tried() -> None:
    port = free_port()
    done = shown({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: Redis at 127.0.0.1:{port} is unavailable (")
    assert "docker compose up -d redis" in done.stderr and done.stderr.count("\n") == 1


def test_a_host_name_of_a_container_is_replaced_and_reported(
    redis_server: RedisServer,
) -> None:
    # RFC 6761 reserves the domain: it never resolves, as `redis` does not outside the containers.
    done = shown({"REDIS_HOST": "redis.invalid", "REDIS_PORT": str(redis_server.port)})
    assert (done.returncode, done.stdout.count("✓")) == (0, 28), done.stderr
    assert done.stdout.startswith(
        "REDIS_HOST: redis.invalid does not resolve on this machine; trying "
        f"localhost:{redis_server.port} or localhost:6379 instead\n"
    )
    assert f"The cache in Redis at localhost:{redis_server.port}" in done.stdout
