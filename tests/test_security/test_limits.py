"""The limits of password guesses, over all processes, with and without Redis."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from app.security.identity_cache import IdentityCache
from app.security.principal import SYSTEM
from app.security.rate_limits import REDIS_REST_SECONDS, LocalCounter, RateLimits, RateLimitStatus
from app.settings import Settings
from tests.conftest import postgres_settings
from tests.support.accounts import at, log_in
from tests.support.factories import create_user
from tests.support.processes import serving
from tests.support.servers import PostgresServer, RedisServer, start_redis
from tests.test_security.limited import WRONG, assert_told, limited, opened

ATTEMPTS, AT_ONCE = 300, 40
WAYS_BACK = {"stop": "start", "kill": "start", "pause": "resume"}


@pytest.fixture(name="redis")
def own_redis() -> Iterator[RedisServer]:
    """A separate Redis server for one test, which may stop it."""
    with start_redis() as server:
        yield server


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    """Count responses by their status."""
    return dict(Counter(answer.status_code for answer in answers))


async def test_two_processes_together_check_five_of_three_hundred_guesses_at_one_account(
    postgres_server: PostgresServer, redis: RedisServer, tmp_path: Path
) -> None:
    postgres_server.create_database("guessed")
    settings = postgres_settings(
        postgres_server,
        "guessed",
        data_dir=tmp_path / "var",
        redis_host=redis.host,
        redis_port=redis.port,
        login_limit_per_account=5,
    )
    with serving(settings, tmp_path) as first, serving(settings, tmp_path) as second:
        clients = [
            httpx.AsyncClient(base_url=f"{each.url}/api/v1", timeout=60) for each in (first, second)
        ]
        user = await create_user(clients[0])
        spellings = [user["email"], user["email"].upper(), user["email"].title()]
        # The processes are awake, and know Redis, before it counts.
        for client in clients:
            assert (await log_in(client, "nobody@example.com", WRONG)).status_code == 401
        at_once = asyncio.Semaphore(AT_ONCE)

        async def guess(number: int) -> httpx.Response:
            async with at_once:
                return await log_in(clients[number % 2], spellings[number % 3], f"{WRONG} {number}")

        answers = await asyncio.gather(*map(guess, range(ATTEMPTS)))
        assert statuses(answers) == {401: 5, 429: ATTEMPTS - 5}
        for answer in answers:
            if answer.status_code == 429:
                assert_told(answer, 5)
        # A caller with the correct password has to wait, too, but other users do not.
        assert (await log_in(clients[0], user["email"])).status_code == 429
        other = await create_user(clients[1])
        assert (await log_in(clients[0], other["email"])).status_code == 200
        for client in clients:
            await client.aclose()
    postgres_server.drop_database("guessed")


async def test_an_address_has_twenty_attempts_over_all_accounts(tmp_path: Path) -> None:
    async with opened(limited(tmp_path)) as (app, _):
        async with at(app, "192.0.2.1") as guesser, at(app, "192.0.2.2") as other:
            answers = [
                await log_in(guesser, f"user{number}@example.com", WRONG) for number in range(30)
            ]
            assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
            left = [answer.headers["RateLimit-Remaining"] for answer in answers[:20]]
            assert left == [str(number) for number in range(19, -1, -1)]
            for answer in answers[20:]:
                assert_told(answer, 20)
            # Requests of the same cost are counted, too; cheap requests are not.
            forgotten = await guesser.post("/auth/password/forgot", json={"email": "a@b.example"})
            assert forgotten.status_code == 429
            assert (await guesser.get("/products")).status_code == 200
            assert (await log_in(other, "user1@example.com", WRONG)).status_code == 401


async def test_forwarded_addresses_are_used_from_trusted_proxies_only(
    tmp_path: Path,
) -> None:
    settings = limited(tmp_path, login_limit_per_address=2, trusted_proxies="192.0.2.9,10.0.0.0/8")
    async with opened(settings) as (app, _):
        async with at(app, "192.0.2.1") as liar, at(app, "192.0.2.9") as proxy:
            for client, expected in ((liar, [401, 401, 429, 429]), (proxy, [401] * 4)):
                seen = []
                for number in range(4):
                    forwarded = {"X-Forwarded-For": f"203.0.113.{number}, 10.1.2.3"}
                    answer = await log_in(client, f"user{number}@example.com", WRONG, **forwarded)
                    seen.append(answer.status_code)
                assert seen == expected


async def test_a_correct_password_is_counted_like_a_wrong_one(tmp_path: Path) -> None:
    async with opened(limited(tmp_path)) as (_, client):
        user = await create_user(client)
        names = [user["email"], user["email"].upper()] * 3
        seen = [(await log_in(client, name)).status_code for name in names]
    assert seen == [200] * 5 + [429]


class CountedLimits(RateLimits):
    """Rate limits with a manual clock that count their calls to Redis."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, now=lambda: self.seconds)
        self.seconds = 1_000.0
        self.asked = 0

    async def _hit_redis(self, key: str, limit: int) -> RateLimitStatus | None:
        self.asked += 1
        return await super()._hit_redis(key, limit)

    @property
    def patience_seconds(self) -> float:
        """The longest timeout of the Redis client."""
        known = vars(self)["_redis"].connection_pool.connection_kwargs
        return float(max(known["socket_timeout"], known["socket_connect_timeout"]))


@pytest.mark.parametrize("fault", ["stop", "pause", "kill"])
async def test_without_redis_fewer_attempts_are_allowed_and_no_caller_waits(
    redis: RedisServer, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = limited(tmp_path, redis, login_limit_per_address=1_000_000)
    async with opened(settings) as (app, client):
        limits = app.state.shop.limits = CountedLimits(settings)
        user, tried = await create_user(client), await create_user(client)
        assert (await log_in(client, tried["email"], WRONG)).status_code == 401
        getattr(redis, fault)()
        answers: list[httpx.Response] = []
        for passed, is_asked in ((0, 1), (0, 0), (0.999, 0), (1, 1), (1, 0), (1.999, 0), (2, 1)):
            limits.seconds, limits.asked = 1_000 + passed, 0
            answers += await asyncio.gather(
                *(log_in(client, user["email"], WRONG) for _ in range(5))
            )
            # Five concurrent requests may all call Redis; later ones do not, and so cannot wait.
            assert is_asked <= limits.asked <= 5 * is_asked
        assert limits.patience_seconds <= 0.2
        # A quarter of five is one.
        assert statuses(answers) == {401: 1, 429: len(answers) - 1}
        assert_told(answers[-1], 1)
        # Attempts that Redis has counted stay used up.
        assert (await log_in(client, tried["email"])).status_code == 429
        complaints = [
            each.getMessage() for each in caplog.records if each.name == "app.security.rate_limits"
        ]
        # The connection was lost, and then none could be opened.
        assert 1 <= len(complaints) == len(set(complaints)) <= 2
        getattr(redis, WAYS_BACK[fault])()
        limits.seconds += REDIS_REST_SECONDS
        await check_that_redis_counts(client, redis)


async def check_that_redis_counts(client: httpx.AsyncClient, redis: RedisServer) -> None:
    """Check that the full limit applies again and is counted in Redis."""
    user = await create_user(client)
    seen = [(await log_in(client, user["email"], WRONG)).status_code for _ in range(6)]
    assert seen == [401] * 5 + [429]
    async with Redis.from_url(redis.url()) as there:
        assert await there.get(f"limit:login:address:{user['email']}") == b"6"


async def test_a_shop_that_starts_without_redis_serves_requests(
    redis: RedisServer, tmp_path: Path
) -> None:
    redis.stop()
    async with opened(limited(tmp_path, redis)) as (_, client):
        user = await create_user(client)
        seen = [(await log_in(client, user["email"])).status_code for _ in range(3)]
    assert seen == [200, 429, 429]


async def hits(limits: RateLimits, count: int) -> list[tuple[bool, int]]:
    """Count requests; return whether each exceeds the limit, and the seconds to the reset."""
    standings = [await limits.hit("one", 2) for _ in range(count)]
    return [(each.is_exceeded, each.reset_seconds) for each in standings]


async def test_a_counter_restarts_after_its_window(tmp_path: Path) -> None:
    seconds = 1_000.0
    limits = RateLimits(limited(tmp_path), now=lambda: seconds)
    assert await hits(limits, 3) == [(False, 61), (False, 61), (True, 61)]
    seconds += 59.5
    assert await hits(limits, 1) == [(True, 1)]
    seconds += 0.5
    assert await hits(limits, 3) == [(False, 61), (False, 61), (True, 61)]


async def test_a_counter_in_redis_restarts_after_its_window(
    redis: RedisServer, tmp_path: Path
) -> None:
    # Redis has its own clock, so the test shortens the window instead of waiting for its end.
    limits = RateLimits(limited(tmp_path, redis))
    async with Redis.from_url(redis.url()) as there:
        for _ in range(2):
            assert [each for each, _ in await hits(limits, 3)] == [False, False, True]
            assert 50_000 < await there.pttl("limit:one") <= 60_000
            await there.pexpire("limit:one", 30_000)
            ((is_exceeded, seconds),) = await hits(limits, 1)
            assert is_exceeded and 20 < seconds <= 31
            assert await there.pttl("limit:one") <= 30_000
            await there.pexpire("limit:one", 0)
    await limits.close()


def test_counters_in_a_process_are_bounded_and_the_oldest_are_deleted_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = LocalCounter()
    with caplog.at_level(logging.WARNING):
        for number in range(105_000):
            counter.hit(f"guesser {number}", 5)
    assert len(vars(counter)["_counters"]) == 95_000
    assert counter.hit("guesser 0", 5).remaining == 4
    assert counter.hit("guesser 104999", 5).remaining == 3
    # A warning for each of ten thousand counters would fill the disk.
    assert len(caplog.records) == 1


def test_expired_counters_are_deleted(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    counter = LocalCounter(window_seconds=60.0, now=lambda: now)
    most = 0
    for number in range(30_000):
        now += 0.06
        counter.hit(f"guesser {number}", 5)
        most = max(most, len(vars(counter)["_counters"]))
    # 1,000 begin in a minute.
    assert most < 1_010
    assert caplog.records == []


def test_expired_identities_are_deleted() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    identities = IdentityCache(lambda: now)
    most = 0
    for number in range(5_000):
        now += timedelta(milliseconds=10)
        identities.keep(f"token {number}", SYSTEM, now + timedelta(hours=1), 0)
        most = max(most, len(vars(identities)["_entries"]))
    # 300 are added in the three seconds for which each is used.
    assert most < 310
    assert identities.get("token 4999") is SYSTEM
