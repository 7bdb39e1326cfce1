"""The setting `CORS_ORIGINS` accepts origins in the form of browsers, and refuses others."""

import pytest

from app.settings import InvalidSettings, Settings, get_settings


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://shop.example/", "https://shop.example"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80/", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://shop.example:08443", "https://shop.example:8443"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:5173", "http://[::1]:5173"),
        ("https://xn--fa-hia.example", "https://xn--fa-hia.example"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("*", "*"),
    ],
)
def test_an_origin_is_compared_as_browsers_send_it(
    monkeypatch: pytest.MonkeyPatch, given: str, sent: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", given)
    assert Settings().cors_origins == (sent,)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "shop.example",
        "//shop.example",
        "https://",
        "https:shop.example",
        "https://shop.example/shop",
        "https://shop.example//",
        "https://shop.example?a=b",
        "https://shop.example#top",
        "https://user@shop.example",
        "https://*.shop.example",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:",
        "https://shop.example:https",
        "https://fa\u00df.example",
        "https://a.example https://b.example",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(
    monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"https://www.example.com,{origin}")
    get_settings.cache_clear()
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    assert str(refused.value) == (
        f"CORS_ORIGINS: must be origins as browsers send them, which {origin!r} is not: "
        "a scheme, a host in ASCII, and a port if it is not the default one "
        "(for example CORS_ORIGINS=https://www.example.com)"
    )
