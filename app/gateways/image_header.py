"""Reads the type and the dimensions of an image from its first bytes, without a decoder.

A decoder of WebP allocates memory for the whole image before it returns its dimensions.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from app.errors import ImageNotReadable, ImageTooLarge, ImageTypeRefused

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 16_383
"""The longest side that WebP can have."""
MAX_DECODER_BYTES = 96 * 1024 * 1024
"""The memory that a decoder may need for a whole image."""

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")

_MAX_PARTS = 10_000
_START_BYTES = 30
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# JPEG markers of the frames that decoders support, and of those that they do not.
_FRAMES = {0xC0, 0xC1, 0xC2}
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_PROGRESSIVE, _SCAN, _END = 0xC2, 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD8)}
_WEBP_IS_ANIMATED = 0x02


class ImageHeader(Struct, frozen=True):
    """The type and the dimensions from the header of an image."""

    media_type: str
    width: int
    height: int
    decoder_bytes: int
    """The approximate memory that a decoder needs for the whole image."""


def read_header(file: BinaryIO) -> ImageHeader:
    """Return the type and the dimensions of an image that can be rendered.

    Raises:
        ImageTypeRefused: the file is not a JPEG, PNG or WebP, or it is animated.
        ImageNotReadable: the file ends too early or contradicts itself.
        ImageTooLarge: the image would need too much memory.
    """
    start = file.read(_START_BYTES)
    if not start:
        raise ImageNotReadable("the file is empty")
    try:
        header = _header_of(start, file)
    except (struct.error, IndexError) as error:
        raise ImageNotReadable("the file ends before the dimensions of the image") from error
    if not header.width or not header.height:
        raise ImageNotReadable("the image has no pixels")
    _require_small(header)
    return header


def _header_of(start: bytes, file: BinaryIO) -> ImageHeader:
    if start.startswith(_PNG):
        return _png(start, file)
    if start.startswith(_JPEG):
        file.seek(2)
        return _jpeg(file)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(start)
    raise ImageTypeRefused("the file must be a JPEG, a PNG or a WebP")


def _require_small(header: ImageHeader) -> None:
    width, height = header.width, header.height
    if max(width, height) > MAX_SIDE:
        limit = f"a side must have at most {MAX_SIDE:,} pixels"
    elif width * height > MAX_PIXELS:
        limit = f"an image must have at most {MAX_PIXELS:,} pixels"
    elif header.decoder_bytes > MAX_DECODER_BYTES:
        most = width * height * MAX_DECODER_BYTES // header.decoder_bytes
        limit = f"an image of this kind must have at most {most:,} pixels"
    else:
        return
    raise ImageTooLarge(f"{width} x {height}: {limit}", width=width, height=height)


def _png(start: bytes, file: BinaryIO) -> ImageHeader:
    width, height = struct.unpack(">II", start[16:24])
    if start[12:16] != b"IHDR":
        raise ImageNotReadable("the file does not begin with the dimensions of the image")
    file.seek(len(_PNG))
    for kind in _png_chunks(file):
        if kind == b"acTL":
            raise ImageTypeRefused("the image must not be animated")
        if kind == b"IDAT":
            break
    return ImageHeader("image/png", width, height, 4 * width * height)


def _png_chunks(file: BinaryIO) -> Iterator[bytes]:
    for _ in range(_MAX_PARTS):
        length, kind = struct.unpack(">I4s", file.read(8))
        yield kind
        file.seek(length + 4, 1)
    raise ImageNotReadable("there is no image within the first parts of the file")


def _jpeg(file: BinaryIO) -> ImageHeader:
    frame: ImageHeader | None = None
    components = 0
    for marker, content in _jpeg_segments(file):
        if marker in _OTHER_FRAMES:
            raise ImageTypeRefused("the JPEG must be baseline or progressive")
        if marker in _FRAMES:
            if frame is not None:
                raise ImageNotReadable("the file has several images")
            components = content[5]
            frame = _jpeg_frame(marker, content)
        if marker == _SCAN:
            if frame is None:
                break
            # In several scans, the whole image is kept until the last one.
            is_whole = content[0] < components or frame.decoder_bytes < 0
            size = abs(frame.decoder_bytes) if is_whole else 0
            return ImageHeader(frame.media_type, frame.width, frame.height, size)
    raise ImageNotReadable("the file ends before the dimensions of the image")


def _jpeg_frame(marker: int, content: bytes) -> ImageHeader:
    precision, height, width, components = struct.unpack(">BHHB", content[:6])
    if precision != 8:
        raise ImageTypeRefused("the JPEG must have 8 bits a channel")
    sampled = [divmod(content[7 + 3 * number], 16) for number in range(components)]
    widest = max((across for across, _ in sampled), default=0)
    highest = max((down for _, down in sampled), default=0)
    if not widest or not highest:
        raise ImageNotReadable("the JPEG has no channels")
    samples = sum(across * down for across, down in sampled) / (widest * highest)
    size = int(2 * samples * width * height)
    # A negative size marks an image that certainly has several scans.
    return ImageHeader("image/jpeg", width, height, -size if marker == _PROGRESSIVE else size)


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for _ in range(_MAX_PARTS):
        if file.read(1) != b"\xff":
            raise ImageNotReadable("the file is not a JPEG after its first bytes")
        marker = 0xFF
        while marker == 0xFF:
            marker = file.read(1)[0]
        if marker == _END:
            return
        if marker in _ALONE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        yield marker, file.read(max(length - 2, 0))
    raise ImageNotReadable("there is no image within the first parts of the file")


def _webp(start: bytes) -> ImageHeader:
    kind, content = start[12:16], start[20:30]
    if kind == b"VP8X":
        if content[0] & _WEBP_IS_ANIMATED:
            raise ImageTypeRefused("the image must not be animated")
        width = 1 + int.from_bytes(content[4:7], "little")
        height = 1 + int.from_bytes(content[7:10], "little")
        is_whole = len(content) == 10
    elif kind == b"VP8L":
        sizes = int.from_bytes(content[1:5], "little")
        width, height = 1 + (sizes & 0x3FFF), 1 + (sizes >> 14 & 0x3FFF)
        is_whole = len(content) >= 5 and content[0] == 0x2F
    elif kind == b"VP8 ":
        width, height = (each & 0x3FFF for each in struct.unpack("<HH", content[6:10]))
        is_whole = content[3:6] == b"\x9d\x01\x2a"
    else:
        raise ImageNotReadable("the WebP does not begin with an image")
    if not is_whole:
        raise ImageNotReadable("the file ends before the dimensions of the image")
    return ImageHeader("image/webp", width, height, 16 * width * height)
