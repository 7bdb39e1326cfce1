"""E-mail addresses: their validation, their comparison, and their ASCII form."""

import re
import unicodedata
from collections.abc import Callable

MAX_LENGTH = 254
"""The maximum of characters and of bytes (RFC 5321, section 4.5.3.1.3, without brackets)."""
NO_ADDRESS = "must be an e-mail address"

_MAX_LOCAL_LENGTH = 64
_ATOM = r"[^\x00-\x20\x7f()<>\[\]:;,\\\"@.]+"
# A dot-string (RFC 5321, section 4.1.2; RFC 6531, section 3.3). A quoted local part or a comment
# would be read in different ways by the programs that pass a mail on.
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
# Mail programs decode such a text in a header (RFC 2047), and write to another address.
_ENCODED_WORD = "=?"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# An IP address is not a domain: the last label is not a number (RFC 3696, section 2).
_DOMAIN = re.compile(rf"({_LABEL}\.)+(?![0-9]+$){_LABEL}")
# Controls, formats, surrogates, private and unassigned characters; spaces and other separators.
_UNSEEN = ("C", "Z")


def normalise_address(given: str) -> str:
    """Return an address in the form that is stored: in NFC, with its domain mapped by UTS 46.

    Raises:
        ValueError: the text is not an address, or mail programs read it in different ways.
    """
    text = unicodedata.normalize("NFC", given)
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} characters")
    local, _, domain = text.rpartition("@")
    if not _is_local_part(local):
        raise ValueError(NO_ADDRESS)
    name = _ascii_domain(domain)
    stored = f"{local}@{domain if domain.isascii() else _unicode_domain(name)}"
    if max(len(stored.encode()), len(f"{local}@{name}".encode())) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} bytes")
    return stored


def address_key(address: str) -> str:
    """Return the key by which addresses are compared: no two users have the same.

    The local part is case-folded. Domains are compared by their names in the DNS (IDNA 2008), by
    which `faß.de` and `fass.de` differ. Any text has a key, so that a text that is not an address
    can be looked up.
    """
    return _compared(address, str.casefold)


def is_same_mailbox(first: str, second: str) -> bool:
    """Return whether two addresses differ at most by the case of letters.

    Folding also makes letters equal that mail servers distinguish: `ß` and `ss`.
    """
    return _compared(first, str.lower) == _compared(second, str.lower)


def ascii_form(address: str) -> str:
    """Return an address with the name of its domain in the DNS, which is ASCII.

    Raises:
        ValueError: the domain is not valid.
    """
    local, at, domain = address.rpartition("@")
    return local + at + _ascii_domain(domain)


def _compared(address: str, fold: Callable[[str], str]) -> str:
    local, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    try:
        name = _ascii_domain(domain)
    except ValueError:
        name = fold(domain)
    return unicodedata.normalize("NFC", fold(local) + at + name)


def _is_local_part(local: str) -> bool:
    return (
        _LOCAL.fullmatch(local) is not None
        and _ENCODED_WORD not in local
        and not any(unicodedata.category(each).startswith(_UNSEEN) for each in local)
        and len(local.encode()) <= _MAX_LOCAL_LENGTH
    )


def _ascii_domain(domain: str) -> str:
    """Return the name of a domain in the DNS.

    Raises:
        ValueError: the domain is not valid.
    """
    name = domain.lower()
    if not name.isascii() or "xn--" in name:
        # Most addresses do not need the tables of this library, whose import takes milliseconds.
        import idna  # pylint: disable=import-outside-toplevel

        try:
            name = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except idna.IDNAError as error:
            raise ValueError(NO_ADDRESS) from error
    if len(name) > MAX_LENGTH or not _DOMAIN.fullmatch(name):
        raise ValueError(NO_ADDRESS)
    return name


def _unicode_domain(name: str) -> str:
    import idna  # pylint: disable=import-outside-toplevel

    return idna.decode(name)
