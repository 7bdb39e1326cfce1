"""E-mail addresses are validated, and two spellings of a mailbox are recognized."""

import pytest

from app.core.email_addresses import (
    NO_ADDRESS,
    address_key,
    ascii_form,
    is_same_mailbox,
    normalise_address,
)


@pytest.mark.parametrize(
    "given",
    [
        # Encoded words (RFC 2047), which mail programs decode.
        "=?utf-8?q?victim?=@example.com",
        "=?UTF-8?B?dmljdGlt?=@example.com",
        "ada=?utf-8?q?=40evil.example?=@example.com",
        # Quoted local parts, comments, routes and lists.
        '"ada"@example.com',
        '"ada lovelace"@example.com',
        "ada(comment)@example.com",
        "ada@example.com(comment)",
        "@relay.example:ada@example.com",
        "ada,eve@example.com",
        "ada@example.com@evil.example",
        # Dots in wrong places.
        ".ada@example.com",
        "ada.@example.com",
        "ada..l@example.com",
        # Control characters and invisible characters.
        "a\x00da@example.com",
        "ada\r@example.com",
        "a\u00adda@example.com",
        "a\u200dda@example.com",
        "ada\u2028@example.com",
        "ada@exa\u00a0mple.com",
        # Invalid domains.
        "ada@example",
        "ada@example.com.",
        "ada@-example.com",
        "ada@exam_ple.com",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@xn--a.example",
        "ada@\U0001f4a9.example",
        "ada@" + "b" * 64 + ".com",
        "ada@" + "\u00fc" * 60 + ".com",
        # 66 octets, though 33 characters.
        "\u00e9" * 33 + "@example.com",
        "",
        "@",
    ],
)
def test_an_ambiguous_text_is_not_an_address(given: str) -> None:
    with pytest.raises(ValueError, match=f"^{NO_ADDRESS}$"):
        normalise_address(given)


def test_the_length_is_counted_in_bytes() -> None:
    domain = ".".join(["\u6771" * 15] * 5)
    assert normalise_address(f"ada@{domain}.jp") == f"ada@{domain}.jp"
    longest = "a" * 64 + f"@{domain}.jp"
    assert len(longest) < 254 < len(longest.encode())
    with pytest.raises(ValueError, match="^must have at most 254 bytes$"):
        normalise_address(longest)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("X@EXAMPLE.com", "x@example.com"),
        ("x@fa\u00df.de", "x@FA\u00df.DE"),
        ("x@fa\u00df.de", "x@xn--fa-hia.de"),
        ("x@XN--FA-HIA.de", "x@xn--fa-hia.de"),
        ("x@b\u00fccher.example", "x@bu\u0308cher.example"),
        ("x@\uff45xample.com", "x@example.com"),
        ("x@\u4f8b\u3048\u3002jp", "x@\u4f8b\u3048.jp"),
        ("jose\u0301@example.com", "JOS\u00c9@example.com"),
    ],
)
def test_two_spellings_of_an_address_are_one_mailbox(first: str, second: str) -> None:
    assert address_key(first) == address_key(second)
    assert is_same_mailbox(first, second)


def test_two_mailboxes_that_differ_by_eszett_have_one_key() -> None:
    first, second = "fa\u00df@example.com", "FASS@example.com"
    assert address_key(first) == address_key(second)
    assert not is_same_mailbox(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x@fa\u00df.de", "x@fass.de"),
        ("x@\u03b2\u03cc\u03bb\u03bf\u03c2.com", "x@\u03b2\u03cc\u03bb\u03bf\u03c3.com"),
        ("x@b\u00fccher.example", "x@bucher.example"),
        ("x@paypal.com", "x@p\u0430ypal.com"),
    ],
)
def test_different_mailboxes_have_different_keys(first: str, second: str) -> None:
    assert address_key(first) != address_key(second)
    assert not is_same_mailbox(first, second)
    assert ascii_form(first) != ascii_form(second)


@pytest.mark.parametrize("given", ["x@a_b.example", "no address", "x@\U0001f4a9.la", "@", ""])
def test_an_invalid_address_has_a_key_too(given: str) -> None:
    assert address_key(given.upper()) == address_key(given)


def test_normalising_a_stored_address_does_not_change_it() -> None:
    for given in ("X@EXAMPLE.com", "x@FA\u00df.de", "x@XN--FA-HIA.de", "jose\u0301@bu\u0308.de"):
        stored = normalise_address(given)
        assert normalise_address(stored) == stored
        assert address_key(stored) == address_key(given)
