"""Renders images in the widths that pages need, without their metadata."""

import ctypes
import struct
import warnings
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from app.gateways.image_header import ImageHeader

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTHS = (96, 320, 640, 1_280)
MEDIA_TYPE = "image/webp"

# An image is at most twice as high as wide: a higher one is rendered narrower.
_MAX_RATIO = 2
_QUALITY = 80
# Rows that are decoded to full colour at one time.
_BAND_ROWS = 64
_ORIENTATION = 0x0112
# The exceptions that manipulated metadata was seen to raise, and their base classes.
_DAMAGED = (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error)
# A rendering needs a hundred megabytes.
_one_at_a_time = Lock()


class NotRenderable(Exception):
    """The file has no image that can be decoded."""


class Rendition(Struct, frozen=True):
    """An image in one width."""

    width: int
    height: int
    content: bytes


class Rendering(Struct, frozen=True):
    """An image in all its widths."""

    width: int
    height: int
    """The dimensions of the original in its correct orientation."""
    colour: str
    """The average colour, as `#rrggbb`."""
    renditions: tuple[Rendition, ...]


def render(file: Path, header: ImageHeader) -> Rendering:
    """Render an image whose header was read; one at a time in a process.

    Raises:
        NotRenderable: the image cannot be decoded, or differs from its header.
    """
    with _one_at_a_time:
        try:
            return _render(file, header)
        except NotRenderable:
            raise
        except Exception as error:
            # The decoders raise exceptions of any class on manipulated files, and an error here
            # concerns no other state.
            raise NotRenderable(f"the image is damaged ({type(error).__name__})") from error
        finally:
            _return_memory()


def _return_memory() -> None:
    """Return the memory of large images, which glibc keeps, to the system."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _render(file: Path, header: ImageHeader) -> Rendering:
    # Only a process that renders images needs the library, and not at its start.
    from PIL import Image  # pylint: disable=import-outside-toplevel

    base, (width, height) = _opened(file, header)
    largest = _size_within(width, height, WIDTHS[-1])
    if base.size != largest:
        base = base.resize(largest, Image.Resampling.LANCZOS)
    sizes = dict(_size_within(width, height, each) for each in WIDTHS)
    renditions = tuple(_rendition(base, size) for size in sorted(sizes.items()))
    return Rendering(width, height, _colour(base), renditions)


def _opened(file: Path, header: ImageHeader) -> tuple["Image", tuple[int, int]]:
    """Return an image in its correct orientation, reduced if necessary, and its dimensions."""
    from PIL import Image  # pylint: disable=import-outside-toplevel  # as above

    # These warnings are about damaged metadata, which is dropped: they would fill the log.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    kind = header.media_type.removeprefix("image/").upper()
    with Image.open(file, formats=[kind]) as opened:
        if opened.size != (header.width, header.height) or getattr(opened, "n_frames", 1) != 1:
            raise NotRenderable("the image is not what the beginning of its file says")
        turn = _turn(opened)
        is_turned = turn is not None and turn in _on_its_side()
        size = opened.size[::-1] if is_turned else opened.size
        largest = _size_within(*size, WIDTHS[-1])
        profile = opened.info.get("icc_profile")
        image = _in_srgb(_shrunk(opened, largest[::-1] if is_turned else largest), profile)
    if turn is not None:
        image = image.transpose(turn)
    # This removes the metadata that a decoder has kept and an encoder would write.
    image.info.clear()
    return image, size


def _size_within(width: int, height: int, most: int) -> tuple[int, int]:
    """Return the dimensions of an image of at most this width, and at most twice this height."""
    scale = min(1.0, most / width, most * _MAX_RATIO / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _on_its_side() -> tuple[Any, ...]:
    from PIL.Image import Transpose  # pylint: disable=import-outside-toplevel  # as above

    return (
        Transpose.TRANSPOSE,
        Transpose.TRANSVERSE,
        Transpose.ROTATE_90,
        Transpose.ROTATE_270,
    )


def _turn(opened: "Image") -> Any:
    """Return the transposition to the correct orientation, or None."""
    from PIL.Image import Transpose  # pylint: disable=import-outside-toplevel  # as above

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return turns.get(opened.getexif().get(_ORIENTATION, 0))
    except _DAMAGED:
        # Damaged metadata does not make an image unusable.
        return None


def _shrunk(opened: "Image", wanted: tuple[int, int]) -> "Image":
    """Return an image in full colour of at least the requested size, and rarely much larger.

    JPEG is decoded at a fraction of its size; other types are reduced in bands, because the whole
    image in full colour would need several times the memory.
    """
    from PIL import Image  # pylint: disable=import-outside-toplevel  # as above

    if opened.format == "JPEG":
        # The decoder considers both sides: only the proportions of the image give the best
        # fraction.
        opened.draft(None, wanted)
    opened.load()
    width, height = opened.size
    mode = _full_colour(opened)
    factor = max(1, min(width // wanted[0], height // wanted[1]))
    if factor == 1 and opened.mode == mode:
        return opened
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = _BAND_ROWS * factor
    for top in range(0, height, rows):
        band = _converted(opened.crop((0, top, width, min(top + rows, height))), mode)
        small.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return small


def _full_colour(opened: "Image") -> str:
    if opened.mode == "CMYK":
        return "CMYK"
    return "RGBA" if opened.has_transparency_data else "RGB"


def _converted(band: "Image", mode: str) -> "Image":
    if band.mode.startswith("I"):
        # These images have 16 bits a pixel; a conversion would cut off all values above 255.
        band = band.point(lambda value: value / 257).convert("L")
    return band if band.mode == mode else band.convert(mode)


def _in_srgb(image: "Image", profile: bytes | None) -> "Image":
    """Return an image in sRGB, converted by its colour profile if that can be read."""
    from PIL import ImageCms  # pylint: disable=import-outside-toplevel  # as above

    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode=mode
            )
            if converted is not None:
                return converted
    return image if image.mode == mode else image.convert(mode)


def _rendition(base: "Image", size: tuple[int, int]) -> Rendition:
    from PIL import Image  # pylint: disable=import-outside-toplevel  # as above

    image = base if base.size == size else base.resize(size, Image.Resampling.LANCZOS)
    written = BytesIO()
    image.save(written, "WEBP", quality=_QUALITY, method=4)
    return Rendition(*size, written.getvalue())


def _colour(image: "Image") -> str:
    from PIL import Image  # pylint: disable=import-outside-toplevel  # as above

    little = image.resize((1, 1), Image.Resampling.BOX).convert("RGBA")
    # Transparent parts are shown on white.
    seen = Image.alpha_composite(Image.new("RGBA", (1, 1), "white"), little).convert("RGB")
    return "#" + seen.tobytes().hex()
