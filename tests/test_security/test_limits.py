"""Guessing passwords: how often it is let, by all processes together, with Redis or without."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from app.security.identity_cache import IdentityCache
from app.security.principal import SYSTEM
from app.security.rate_limits import REDIS_REST_SECONDS, LocalCounter, RateLimits, RateLimitStatus
from app.settings import Settings
from tests.conftest import client_of, postgres_settings, sqlite_settings
from tests.support.accounts import (
    at,
    bearer,
    log_in,
    mails_of,
    pair_of,
    someone,
    standing,
    token_in,
)
from tests.support.factories import PASSWORD, create_user
from tests.support.machines import AUTHORIZATION
from tests.support.processes import serving
from tests.support.refusals import USER
from tests.support.servers import PostgresServer, RedisServer, start_redis
from tests.support.tables import everything

ATTEMPTS, AT_ONCE = 300, 40
WRONG = "wrong horse battery staple"
WAYS_BACK = {"stop": "start", "kill": "start", "pause": "resume"}


@pytest.fixture(name="redis")
def own_redis() -> Iterator[RedisServer]:
    """A Redis server of a test's own, which it may end."""
    with start_redis() as server:
        yield server


def limited(folder: Path, redis: RedisServer | None = None, **changes: Any) -> Settings:
    """Return the settings of a shop on SQLite with the limits of a shop that is run."""
    limits: dict[str, Any] = {"login_limit_per_account": 5, "login_limit_per_address": 20}
    if redis is not None:
        limits |= {"redis_host": redis.host, "redis_port": redis.port}
    return sqlite_settings(folder / "var", **limits | changes)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Litestar, httpx.AsyncClient]]:
    """Open a shop in this process, and a client of it."""
    async with standing(settings) as app, client_of(app) as client:
        yield app, client


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    """Count answers by their status."""
    return dict(Counter(answer.status_code for answer in answers))


def assert_told(answer: httpx.Response, limit: int) -> None:
    """Look whether a refusal tells the limit that it is about, and when to come back."""
    assert answer.json()["type"] == "urn:problem:too-many-requests"
    assert answer.headers.get_list("RateLimit-Limit") == [str(limit)]
    assert answer.headers.get_list("RateLimit-Remaining") == ["0"]
    (reset,) = answer.headers.get_list("RateLimit-Reset")
    assert 1 <= int(reset) <= 61
    assert answer.headers["Retry-After"] == reset
    assert answer.json()["retry_after_seconds"] == int(reset)
    assert "WWW-Authenticate" not in answer.headers


async def test_of_three_hundred_guesses_at_one_account_five_are_heard_by_two_processes_together(
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
        # Who knows the password waits as well, and others do not.
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
            # What costs as much is counted with it; what costs little is not.
            forgotten = await guesser.post("/auth/password/forgot", json={"email": "a@b.example"})
            assert forgotten.status_code == 429
            assert (await guesser.get("/products")).status_code == 200
            assert (await log_in(other, "user1@example.com", WRONG)).status_code == 401


async def test_who_says_to_come_from_elsewhere_is_believed_of_trusted_proxies_only(
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


async def test_a_right_password_is_counted_like_a_wrong_one(tmp_path: Path) -> None:
    async with opened(limited(tmp_path)) as (_, client):
        user = await create_user(client)
        names = [user["email"], user["email"].upper()] * 3
        seen = [(await log_in(client, name)).status_code for name in names]
    assert seen == [200] * 5 + [429]


async def test_guesses_at_the_current_password_and_mails_to_an_address_have_the_same_limit(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (_, client):
        user = await create_user(client)
        pair = (await log_in(client, user["email"])).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        guess = {"current_password": WRONG, "new_password": PASSWORD + "!"}
        answers = [
            await client.post("/auth/password", json=guess, headers=headers) for _ in range(7)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
        assert_told(answers[-1], 5)
        # Changing the e-mail address asks for the same password.
        change = {"email": "new@example.com", "current_password": PASSWORD}
        path = f"/users/{user['id']}"
        assert (await client.patch(path, json=change, headers=headers)).status_code == 429
        for email in (user["email"], "nobody@example.com"):
            sent = [
                await client.post("/auth/password/forgot", json={"email": email}) for _ in range(6)
            ]
            assert [answer.status_code for answer in sent] == [202] * 5 + [429]


async def test_every_way_to_a_mail_with_a_token_counts_for_its_recipient(tmp_path: Path) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        users = [await create_user(client) for _ in range(3)]
        person = await someone(client, email="victim@example.com")
        away = {"email": "away@example.com"}
        assert (await client.patch(f"/users/{person.id}", json=away)).status_code == 200
        for user in users:
            for email in ("Victim@example.com", f"{user['username']}@example.com"):
                changed = await client.patch(f"/users/{user['id']}", json={"email": email})
                assert changed.status_code == 200
        back = {"email": "victim@example.com"}
        assert (await client.patch(f"/users/{person.id}", json=back)).status_code == 200
        before = await everything(app.state.shop)
        answers = [
            await client.post("/auth/email/ask", headers=person.headers),
            await client.post("/auth/email/ask", headers=person.headers),
            await client.post("/auth/password/forgot", json={"email": "VICTIM@example.com"}),
            await client.patch(f"/users/{person.id}", json=away),
        ]
        assert [answer.status_code for answer in answers] == [202, 429, 429, 200]
        assert_told(answers[1], 5)
        refused = await client.patch(f"/users/{person.id}", json=back)
        assert refused.status_code == 429
        assert_told(refused, 5)
        # The mail that was asked for; that of the change, with that to the address before.
        mails = (await everything(app.state.shop))["outgoing_mails"]
        assert len(mails) == len(before["outgoing_mails"]) + 3


async def test_registrations_with_an_address_cost_five_hashes_a_minute_at_most(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        await client.post("/users", json=USER)
        before = await everything(app.state.shop)
        again = [await client.post("/users", json=USER | {"username": f"ada{n}"}) for n in range(6)]
        assert [answer.status_code for answer in again] == [409] * 4 + [429] * 2
        assert_told(again[-1], 5)
        assert await everything(app.state.shop) == before


async def test_changes_of_an_address_count_for_the_network_address_and_others_do_not(
    tmp_path: Path,
) -> None:
    async with opened(limited(tmp_path)) as (app, machine):
        user, guessed = await create_user(machine), await create_user(machine)
        pair = await pair_of(machine, guessed["username"])
        async with (
            at(app, "192.0.2.1", **AUTHORIZATION) as changer,
            at(app, "192.0.2.1", **bearer(pair["access_token"])) as guesser,
        ):
            path = f"/users/{user['id']}"
            for number in range(25):
                renamed = await changer.patch(path, json={"first_name": f"Ada {number}"})
                assert renamed.status_code == 200
            seen = [
                (await changer.patch(path, json={"email": f"a{number}@example.com"})).status_code
                for number in range(18)
            ]
            assert seen == [200] * 18
            guess = {"email": "b@example.com", "current_password": WRONG}
            guesses = [await guesser.patch(f"/users/{guessed['id']}", json=guess) for _ in range(3)]
            assert [answer.status_code for answer in guesses] == [401, 401, 429]
            assert_told(guesses[-1], 20)
            over = await changer.patch(path, json={"email": "a99@example.com"})
            assert over.status_code == 429
            # An address that stays as it is takes no mail.
            same = {"email": "A17@example.com", "last_name": "King"}
            assert (await changer.patch(path, json=same)).status_code == 200


async def test_a_token_from_a_mail_sets_five_passwords_a_minute_at_most(tmp_path: Path) -> None:
    async with opened(limited(tmp_path, login_limit_per_address=1_000)) as (app, client):
        user = await create_user(client)
        await client.post("/auth/password/forgot", json={"email": user["email"]})
        token = token_in((await mails_of(app.state.shop))[-1])
        body = {"token": token, "new_password": PASSWORD + "!"}
        answers = [await client.post("/auth/password/reset", json=body) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [204] + [401] * 4 + [429]


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
async def test_without_redis_fewer_guesses_are_heard_and_nobody_waits(
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
        # What was used up while Redis counted is used up.
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
        assert await there.get(f"limit:login:{user['id']}") == b"6"


async def test_a_shop_that_starts_without_redis_serves(redis: RedisServer, tmp_path: Path) -> None:
    redis.stop()
    async with opened(limited(tmp_path, redis)) as (_, client):
        user = await create_user(client)
        seen = [(await log_in(client, user["email"])).status_code for _ in range(3)]
    assert seen == [200, 429, 429]


async def hits(limits: RateLimits, count: int) -> list[tuple[bool, int]]:
    """Count requests; return whether each exceeds the limit, and the seconds to the reset."""
    standings = [await limits.hit("one", 2) for _ in range(count)]
    return [(each.is_exceeded, each.reset_seconds) for each in standings]


async def test_a_span_that_is_over_is_counted_anew(tmp_path: Path) -> None:
    seconds = 1_000.0
    limits = RateLimits(limited(tmp_path), now=lambda: seconds)
    assert await hits(limits, 3) == [(False, 61), (False, 61), (True, 61)]
    seconds += 59.5
    assert await hits(limits, 1) == [(True, 1)]
    seconds += 0.5
    assert await hits(limits, 3) == [(False, 61), (False, 61), (True, 61)]


async def test_a_span_that_is_over_in_redis_is_counted_anew(
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


def test_counters_in_a_process_are_bounded_and_the_oldest_go_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = LocalCounter()
    with caplog.at_level(logging.WARNING):
        for number in range(105_000):
            counter.hit(f"guesser {number}", 5)
    assert len(vars(counter)["_counters"]) == 95_000
    assert counter.hit("guesser 0", 5).remaining == 4
    assert counter.hit("guesser 104999", 5).remaining == 3
    # A warning for each of ten thousand would fill the disk.
    assert len(caplog.records) == 1


def test_counters_whose_window_is_over_are_deleted(caplog: pytest.LogCaptureFixture) -> None:
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


def test_identities_are_deleted_once_they_have_expired() -> None:
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
