"""Unusual properties of messages that RabbitMQ accepts."""

import struct

from tests.test_messaging.test_rabbitmq.foreign import long, short, table

NANOSECONDS = struct.pack(">Q", 1_790_000_000_000_000_000)


def nested(levels: int) -> bytes:
    """Return a table in a table in a table."""
    inner = table()
    for _ in range(levels):
        inner = table((b"n", b"F" + inner))
    return inner


def arrays(levels: int) -> bytes:
    """Return a table with an array in an array in an array."""
    inner = long(b"")
    for _ in range(levels):
        inner = long(b"A" + inner)
    return table((b"a", b"A" + inner))


TIMES = {
    "zero": struct.pack(">Q", 0),
    "milliseconds": struct.pack(">Q", 1_790_000_000_000),
    "microseconds": struct.pack(">Q", 1_790_000_000_000_000),
    "nanoseconds": NANOSECONDS,
    "the sign bit": struct.pack(">Q", 2**63),
    "the highest": struct.pack(">Q", 2**64 - 1),
}
TEXTS = {
    "latin-1": short("Bücher".encode("latin-1")),
    "empty": short(b""),
    "zero": short(b"a\0b"),
    "long": short(b"x" * 255),
    "half a character": short("ü".encode()[:1]),
}
VALUES = {
    "true": b"t\x01",
    "int8": b"b\x80",
    "uint8": b"B\xff",
    "int16": b"s\x80\0",
    "uint16": b"u\xff\xff",
    "int32": b"I\x80\0\0\0",
    "uint32": b"i\xff\xff\xff\xff",
    "int64": b"l" + b"\x80" + b"\0" * 7,
    "uint64": b"L" + b"\xff" * 8,
    "float": b"f" + struct.pack(">f", 1e38),
    "double": b"d" + struct.pack(">d", 5e-324),
    "decimal": b"D\xff\xff\xff\xff\xff",
    "latin-1": b"S" + long("Bücher".encode("latin-1")),
    "time": b"T" + NANOSECONDS,
    "nothing": b"V",
    "bytes": b"x" + long(b"\0\xff"),
    "array": b"A" + long(b"t\x01V" + b"F" + table((b"a", b"V"))),
}
HEADERS = {
    **{f"a {kind}": table((b"x-odd", value)) for kind, value in VALUES.items()},
    **{f"x-attempt as a {kind}": table((b"x-attempt", value)) for kind, value in VALUES.items()},
    **{f"x-request-id as a {kind}": table((b"x-request-id", v)) for kind, v in VALUES.items()},
    "a key in latin-1": table(("Schlüssel".encode("latin-1"), b"V")),
    "an empty key": table((b"", b"V")),
    "a long key": table((b"k" * 255, b"V")),
    "one key twice": table((b"k", b"t\x01"), (b"k", b"V")),
    "a trace that is a table": table((b"traceparent", b"F" + table())),
    "a death that is a text": table((b"x-death", b"S" + long(b"expired"))),
    "a count of a million": table((b"x-delivery-count", b"l" + struct.pack(">q", 10**6))),
    "tables 100 deep": nested(100),
    "tables 5,000 deep": nested(5_000),
    "arrays 5,000 deep": arrays(5_000),
}
ODD: dict[str, dict[str, bytes]] = {
    **{f"timestamp: {kind}": {"timestamp": value} for kind, value in TIMES.items()},
    **{
        f"{name}: {kind}": {name: value}
        for name in (
            "content_type",
            "content_encoding",
            "correlation_id",
            "reply_to",
            "type",
            "app_id",
            "cluster_id",
        )
        for kind, value in TEXTS.items()
    },
    **{f"headers: {kind}": {"headers": value} for kind, value in HEADERS.items()},
    # NaN, infinity and other modes of delivery the broker itself refuses.
    "delivery_mode 1": {"delivery_mode": b"\1"},
    **{f"priority {each}": {"priority": bytes([each])} for each in (0, 10, 255)},
    "expiration in a month": {"expiration": short(b"2592000000")},
    "a message_id of latin-1": {"message_id": short(b"\xfc")},
    "a message_id of zeros": {"message_id": short(b"\0" * 255)},
    "a message_id of zeros, and another": {"message_id": short(b"\0" * 254 + b"a")},
    "a message_id of smileys": {"message_id": short("😀".encode() * 63)},
    "nothing at all": {},
}
