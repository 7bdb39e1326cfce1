"""The settings that ENVIRONMENT=production refuses; docs/security.md is generated from them."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import SecretStr

from app.configuration.model import Settings
from app.configuration.predictable import is_predictable, is_well_known

_MIN_KEY_LENGTH = 32
_MIN_PASSWORD_LENGTH = 12
_RANDOM = "use the output of `openssl rand -base64 32`"
_HERE = (None, "localhost", "127.0.0.1", "::1")
# The widest networks that a provider of proxies publishes.
_WIDEST_PREFIX = {4: 12, 6: 24}
# OWASP, Password Storage Cheat Sheet: memory in KiB and passes of argon2id with one lane.
_ARGON2_MINIMA = ((47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5))


class Rule(Struct, frozen=True):
    """A value that production refuses for a setting, the reason, and the remedy."""

    name: str
    refused: str
    """Completes "it is refused if it …"."""
    remedy: str
    is_broken: Callable[[Settings], bool]

    @property
    def fault(self) -> str:
        """The message to an operator whose setting is refused."""
        return f"{self.name}: {self.refused}; {self.remedy}"


def production_faults(settings: Settings) -> Iterator[str]:
    """Yield each fault that production does not allow: the variable, the reason and the remedy."""
    return (rule.fault for rule in RULES if rule.is_broken(settings))


def _text(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def _key_rules(name: str, key: Callable[[Settings], SecretStr | None]) -> Iterator[Rule]:
    """Yield the rules of a key that this shop chooses; a key that is not set breaks none."""

    def is_short(settings: Settings) -> bool:
        return 0 < len(_text(key(settings))) < _MIN_KEY_LENGTH

    def is_weak(settings: Settings) -> bool:
        text = _text(key(settings))
        return len(text) >= _MIN_KEY_LENGTH and is_predictable(text)

    yield Rule(name, f"has fewer than {_MIN_KEY_LENGTH} characters", _RANDOM, is_short)
    yield Rule(name, "repeats, is a sequence, or is made of words", _RANDOM, is_weak)


def _password_rules(
    name: str, password: Callable[[Settings], str | None], *names: Callable[[Settings], str | None]
) -> Iterator[Rule]:
    """Yield the rules of a password; `password` returns None where it is not used."""

    def is_known(settings: Settings) -> bool:
        text = password(settings)
        return text is not None and is_well_known(text, *(each(settings) or "" for each in names))

    def is_short(settings: Settings) -> bool:
        text = password(settings)
        return text is not None and not is_known(settings) and len(text) < _MIN_PASSWORD_LENGTH

    yield Rule(name, "is well known, a pattern or the name of its user", _RANDOM, is_known)
    yield Rule(name, f"has fewer than {_MIN_PASSWORD_LENGTH} characters", _RANDOM, is_short)


def _is_wide(settings: Settings) -> bool:
    networks = settings.trusted_proxies
    return any(each.prefixlen < _WIDEST_PREFIX[each.version] for each in networks)


def _has_open_origin(settings: Settings) -> bool:
    return any(urlsplit(each).scheme != "https" for each in settings.cors_origins)


def _has_open_hosts(settings: Settings) -> bool:
    hosts = settings.allowed_hosts
    return not hosts or any(each.startswith("*") and "." not in each[2:] for each in hosts)


def _is_cheap_to_guess(settings: Settings) -> bool:
    memory, passes = settings.password_memory_kib, settings.password_iterations
    return not any(memory >= least and passes >= few for least, few in _ARGON2_MINIMA)


RULES = (
    Rule(
        "TEST_CLOCK",
        "lets administrators move the time",
        "set TEST_CLOCK=false",
        lambda it: it.test_clock,
    ),
    Rule(
        "PAYMENT_PROVIDERS",
        "has a bank for tests, which takes no money",
        "leave `test` out",
        lambda it: "test" in it.payment_providers,
    ),
    Rule("SECRET_KEY", "is not set", _RANDOM, lambda it: not _text(it.secret_key)),
    *_key_rules("SECRET_KEY", lambda it: it.secret_key),
    *_key_rules("PREVIOUS_SECRET_KEY", lambda it: it.previous_secret_key),
    *_key_rules("METRICS_TOKEN", lambda it: it.metrics_token),
    Rule(
        "METRICS_TOKEN",
        "is also a SECRET_KEY, which Prometheus must not know",
        _RANDOM,
        lambda it: it.metrics_token is not None
        and it.metrics_token in (it.secret_key, it.previous_secret_key),
    ),
    Rule(
        "WORKERS",
        "is more than 1 on SQLite, which has one writer",
        "set WORKERS=1, or DB_HOST for PostgreSQL",
        lambda it: it.db_host is None and it.workers > 1,
    ),
    *_password_rules(
        "POSTGRES_PASSWORD",
        lambda it: None if it.db_host is None else _text(it.postgres_password),
        lambda it: it.postgres_user,
        lambda it: it.postgres_db,
    ),
    *_password_rules(
        "RABBITMQ_PASSWORD",
        lambda it: None if it.rabbitmq_host is None else _text(it.rabbitmq_password),
        lambda it: it.rabbitmq_user,
    ),
    *_password_rules(
        "REDIS_PASSWORD",
        lambda it: None if it.redis_host in _HERE else _text(it.redis_password),
    ),
    *_password_rules(
        "ADMIN_PASSWORD",
        lambda it: _text(it.admin_password) if it.admin_password else None,
        lambda it: it.admin_email,
        lambda it: it.admin_email.partition("@")[0],
    ),
    Rule(
        "SMTP_PASSWORD",
        "is set without SMTP_USER, or is missing for it",
        "set both, or neither of them",
        lambda it: bool(it.smtp_user) is not bool(_text(it.smtp_password)),
    ),
    Rule(
        "SMTP_PASSWORD",
        "is well known, a pattern or the name of its user",
        "use the one of the mail server",
        lambda it: bool(_text(it.smtp_password))
        and is_well_known(_text(it.smtp_password), it.smtp_user or ""),
    ),
    Rule(
        "SMTP_HOST",
        "is not set: mails with tokens would be printed",
        "for example SMTP_HOST=smtp.example.com",
        lambda it: it.smtp_host is None,
    ),
    Rule(
        "SMTP_SECURITY",
        "is `none` for another machine: mails contain tokens",
        "for example SMTP_SECURITY=starttls",
        lambda it: it.smtp_security == "none" and it.smtp_host not in _HERE,
    ),
    Rule(
        "STOREFRONT_URL",
        "does not begin with `https://`: links of mails contain tokens",
        "for example STOREFRONT_URL=https://www.example.com",
        lambda it: it.storefront_url is not None and not it.storefront_url.startswith("https://"),
    ),
    Rule(
        "STRIPE_API_BASE",
        "does not begin with `https://`: requests contain the key of the account",
        "set STRIPE_API_BASE to nothing, for Stripe itself",
        lambda it: it.stripe_api_base is not None and not it.stripe_api_base.startswith("https://"),
    ),
    Rule(
        "CORS_ORIGINS",
        "has `*`, or an origin without `https://`",
        "for example CORS_ORIGINS=https://www.example.com",
        _has_open_origin,
    ),
    Rule(
        "ALLOWED_HOSTS",
        "is not set, or has `*` or all names of a top-level domain",
        "for example ALLOWED_HOSTS=shop.example.com",
        _has_open_hosts,
    ),
    Rule(
        "TRUSTED_PROXIES",
        "has a network wider than /12, or /24 of IPv6: anybody in it can choose its address",
        "for example TRUSTED_PROXIES=192.0.2.7,10.1.2.0/24",
        _is_wide,
    ),
    Rule(
        "PASSWORD_MEMORY_KIB, PASSWORD_ITERATIONS",
        "are less than OWASP's minimum for argon2id: "
        + ", ".join(f"{memory} and {passes}" for memory, passes in _ARGON2_MINIMA),
        "set PASSWORD_MEMORY_KIB=19456 and PASSWORD_ITERATIONS=2",
        _is_cheap_to_guess,
    ),
    Rule(
        "LOGIN_LIMIT_PER_ACCOUNT",
        "is more than 1000 a minute: passwords can be guessed",
        "for example LOGIN_LIMIT_PER_ACCOUNT=5",
        lambda it: it.login_limit_per_account > 1_000,
    ),
    Rule(
        "LOGIN_LIMIT_PER_ADDRESS",
        "is more than 1000 a minute: passwords can be guessed",
        "for example LOGIN_LIMIT_PER_ADDRESS=20",
        lambda it: it.login_limit_per_address > 1_000,
    ),
    Rule(
        "ACCESS_TOKEN_SECONDS",
        "is more than an hour",
        "for example ACCESS_TOKEN_SECONDS=900",
        lambda it: it.access_token_seconds > 3_600,
    ),
    Rule(
        "REFRESH_TOKEN_DAYS",
        "is more than a year",
        "for example REFRESH_TOKEN_DAYS=30",
        lambda it: it.refresh_token_days > 365,
    ),
)
