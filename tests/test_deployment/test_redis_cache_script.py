"""The script that demonstrates the cache prints each guarantee, and fails if one is broken."""

import re
import subprocess
from typing import Any

from redis import Redis

from app.settings import Settings
from tests.support.processes import ROOT, free_port, run
from tests.support.refusals import USER
from tests.support.servers import RedisServer


def shown(by_python: bool = False, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run the script like a user."""
    its = Settings(_env_file=None, db_host=None, rabbitmq_host=None, **settings)
    return run(its, ROOT, "test_redis_cache.py", by_python=by_python)


def test_the_script_shows_the_guarantees_of_the_cache_in_memory() -> None:
    done = shown(by_python=True)
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 17, 0)


def test_the_script_shows_the_guarantees_of_the_cache_in_redis(redis_server: RedisServer) -> None:
    counter = f"limit:registration:{USER['email']}"
    with Redis(redis_server.host, redis_server.port) as redis:
        # As if this user had been registered too often a moment ago.
        redis.set(counter, 100, ex=60)
        done = shown(
            redis_host=redis_server.host,
            redis_port=redis_server.port,
            redis_decode_responses=True,
        )
        redis.delete(counter)
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 28, 0)
    assert re.search(r"Redis stopped, read +│ miss, 5.49", done.stdout)


def test_without_redis_the_script_names_the_address_that_it_tried() -> None:
    port = free_port()
    done = shown(redis_host="127.0.0.1", redis_port=port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: Redis at 127.0.0.1:{port} is unavailable (")
    assert "docker compose up -d redis" in done.stderr and done.stderr.count("\n") == 1


def test_a_host_name_of_a_container_is_replaced_and_reported(
    redis_server: RedisServer,
) -> None:
    # RFC 6761 reserves the domain: it never resolves, as `redis` does not outside the containers.
    done = shown(redis_host="redis.invalid", redis_port=redis_server.port)
    assert (done.returncode, done.stdout.count("✓")) == (0, 28), done.stderr
    assert done.stdout.startswith(
        "REDIS_HOST: redis.invalid does not resolve on this machine; trying "
        f"localhost:{redis_server.port} or localhost:6379 instead\n"
    )
    assert f"The cache in Redis at localhost:{redis_server.port}" in done.stdout
