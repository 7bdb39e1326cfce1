"""Makes harmful files that are uploaded as images, and images of every unusual kind."""

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import NamedTuple
from zipfile import ZipFile

from PIL import Image, ImageCms

from tests.support.media.pictures import file_of, picture

GPS = "GPS of a home"
_PNG = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (_PNG, b"\xff\xd8\xff\xe0", b"RIFF\x10\x00\x00\x00WEBPVP8X", b"RIFF")
_ORIENTATION, _GPS_POINTER, _GPS_AREA, _DESCRIPTION = 0x0112, 0x8825, 28, 0x010E


class HostileFile(NamedTuple):
    """A file, and its description."""

    name: str
    content: bytes


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a part of a PNG."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, *chunks: bytes, colour_type: int = 2) -> bytes:
    """Return a PNG with the given parts between its dimensions and its end."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return _PNG + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def zeros(megabytes: int) -> bytes:
    """Return many zeros, compressed."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    once = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same bytes mean the same again. The end is an empty block, and the
    # checksum, whose upper half only counts where all bytes are zero.
    checksum = (megabytes * 1_000_000 % 65_521) << 16 | 1
    return b"\x78\xda" + once * megabytes + b"\x03\0" + checksum.to_bytes(4, "big")


def webp_header(width: int, height: int, flags: int = 0) -> bytes:
    """Return a WebP file with dimensions only."""
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + sizes
    return b"RIFF" + struct.pack("<I", len(body)) + body


def photo(orientation: int = 1) -> bytes:
    """Return a JPEG with the metadata of a camera; it is red above and blue below."""
    image = Image.new("RGB", (64, 32), "red")
    image.paste("blue", (0, 16, 64, 32))
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_DESCRIPTION] = orientation, GPS
    exif.get_ifd(_GPS_POINTER)[_GPS_AREA] = GPS.encode()
    return file_of(image, "JPEG", exif=exif, comment=GPS, xmp=f"<x>{GPS}</x>".encode())


def _animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green")]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:])


def _zipped() -> bytes:
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    return written.getvalue()


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


FIXED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\x89",
    "only a signature of PNG": lambda: _PNG,
    "only a signature of JPEG": lambda: b"\xff\xd8\xff",
    "PNG of 50,000 x 50,000": lambda: png(50_000, 50_000, chunk(b"IDAT", zeros(5))),
    "PNG of 1 x 30,000": lambda: picture(size=(1, 30_000)),
    "PNG of 30,000 x 1": lambda: picture(size=(30_000, 1)),
    "PNG of 0 x 1": lambda: png(0, 1, chunk(b"IDAT", zlib.compress(b""))),
    "PNG of 2^32 - 1": lambda: png(2**32 - 1, 2**32 - 1, chunk(b"IDAT", b"")),
    "WebP of 8,000 x 8,000": lambda: webp_header(8_000, 8_000),
    "WebP of 2^24 x 2^24": lambda: webp_header(2**24, 2**24),
    "more than 10 MiB": lambda: picture() + bytes(10 * 1024 * 1024),
    "GIF": lambda: picture("GIF"),
    "BMP": lambda: picture("BMP"),
    "TIFF": lambda: picture("TIFF"),
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "HTML": lambda: b"<!doctype html><script>alert(1)</script>",
    "ZIP": _zipped,
    "animated GIF": lambda: _animated("GIF"),
    "animated PNG": lambda: _animated("PNG"),
    "animated WebP": lambda: _animated("WEBP"),
    "JPEG and ZIP": lambda: picture("JPEG") + _zipped(),
    "PNG and HTML": lambda: picture() + b"<script>alert(1)</script>",
    "JPEG with HTML": lambda: picture("JPEG", comment=b"<script>alert(1)</script>"),
    "PNG of 16 bits": lambda: picture(mode="I;16", colour=40_000),
    "PNG in grey with alpha": lambda: picture(mode="LA", colour=(9, 9)),
    "PNG of two colours": lambda: picture(mode="1", colour=1),
    "PNG with a palette": lambda: picture(mode="P", colour=3, transparency=3),
    "JPEG in CMYK": lambda: picture("JPEG", mode="CMYK", colour=(9, 200, 30, 0)),
    "JPEG with a wrong profile": lambda: picture("JPEG", icc_profile=_profile()),
    "JPEG with a damaged profile": lambda: picture("JPEG", icc_profile=b"profile" * 99),
    "JPEG with damaged metadata": lambda: picture("JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "photo": photo,
    "PNG with much text": lambda: png(
        4,
        4,
        chunk(b"zTXt", b"a\0\0" + zeros(200)),
        chunk(b"iCCP", b"a\0\0" + zeros(200)),
        chunk(b"IDAT", zlib.compress(bytes(52))),
    ),
    "PNG with other dimensions later": lambda: png(
        4,
        4,
        chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)),
        chunk(b"IDAT", zeros(1)),
    ),
    "PNG with too many parts": lambda: png(4, 4, chunk(b"tEXt", b"") * 20_000),
    "WebP that says less than it is": lambda: webp_header(4, 4) + picture("WEBP")[12:],
}
"""Constant files."""

LARGE: dict[str, Callable[[], bytes]] = {
    "PNG of 25 megapixels": lambda: picture(
        size=(5_000, 5_000), mode="RGBA", colour=(9, 9, 9, 9), compress_level=1
    ),
    "JPEG of 25 megapixels": lambda: picture("JPEG", size=(5_000, 5_000)),
    "progressive JPEG": lambda: picture(
        "JPEG", size=(4_096, 4_096), progressive=True, subsampling=0
    ),
    "JPEG just above the largest rendition": lambda: picture("JPEG", size=(2_559, 5_119)),
    "WebP of 6 megapixels": lambda: picture("WEBP", size=(3_072, 2_048), method=0),
    "lossless WebP of 6 megapixels": lambda: picture("WEBP", size=(3_072, 2_048), lossless=True),
}
"""Images of the maximum size."""


def random_files(seed: int) -> Iterator[HostileFile]:
    """Yield an infinite number of images that are truncated or altered at random."""
    source = random.Random(seed)
    whole = [
        file_of(Image.effect_noise((200, 150), 80).convert("RGB"), kind, **options)
        for kind, options in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}))
    ]
    whole += [picture("WEBP", size=(200, 150)), photo(6), picture(mode="P", colour=3)]
    while True:
        content = bytearray(source.choice(whole))
        kind = source.choice(["cut off", "with flipped bits", "with a random head", "noise"])
        if kind == "cut off":
            del content[source.randrange(len(content)) :]
        elif kind == "with flipped bits":
            for _ in range(source.randrange(1, 30)):
                content[source.randrange(len(content))] ^= 1 << source.randrange(8)
        elif kind == "with a random head":
            first = source.randrange(4, 24)
            content[first : first + 8] = source.randbytes(8)
        else:
            content = bytearray(source.choice(_SIGNATURES) + source.randbytes(2_000))
        yield HostileFile(kind, bytes(content))
