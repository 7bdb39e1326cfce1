"""Draws the pictures of the demo's products: a package with a label, on a coloured background."""

import hashlib
import textwrap
from colorsys import hls_to_rgb
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIZE = 640
# Pictures are drawn larger and then reduced: Pillow draws without anti-aliasing.
_SCALE = 2
_SIDE = SIZE * _SCALE
_QUALITY = 92
_MAX_LINES, _MAX_LETTERS = 4, 22
_LINE_HEIGHT = 1.15
_EDGE, _CAPTION_ROOM, _CAPTION_SIZE = 10, 74, 34
_PRIVATE = "private label"
_DEPARTMENTS = {
    "produce": "fruit",
    "meat": "tray",
    "packaged-meat": "tray",
    "seafood": "tray",
    "packaged-seafood": "bag",
    "deli": "tray",
    "floral": "flower",
    "cosmetics": "tube",
    "spirits": "bottle",
}
"""Shapes by the slugs of departments."""
_SHAPES = (
    ("bag", "powder chip snack bag sugar flour bread bun roll frozen candy rice cake donut pouch"),
    ("bottle", "drink juice milk water oil dressing creamer tea cleaner syrup"),
    ("can", "soup tuna canned shelf beans corn peas tomato vegetables olives food coffee"),
    ("jar", "peanut jelly sauce condiment mayonnaise spread salsa pickle catsup yogurt cream"),
    ("tray", "meat beef pork chicken lunchmeat bacon sausage egg cheese"),
    ("tube", "soap care hair oral bath skin"),
)
"""Shapes by words of the category and the name; the first one found counts."""
_PACKAGES = (
    "#c8553d #2f6f8f #3e8e6e #d99a2b #7a5195 #b5446e #4a6fa5 #5b8c3a #d0733a #3b8ea5 #8c5a3c"
).split()
_NATURAL = (
    ("#f0c93f", "lemon banana squash pineapple corn"),
    ("#e8923a", "orange carrot tangerine peach mango cantaloupe clementine"),
    (
        "#8bb84a",
        "lime pear cucumber celery lettuce salad broccoli cabbage spinach green beans herb",
    ),
    ("#b0834f", "potato mushroom kiwi ginger nut"),
    ("#7d4f9e", "grape plum eggplant blueberr onions red"),
    ("#e9dcc0", "onion garlic cauliflower"),
    ("#cf3f3a", "apple tomato strawberr cherry pepper radish watermelon"),
)
"""Colours of fruit and vegetables by words of their names."""
_MEAT, _FISH = "#c9605a", "#e79a83"


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """The horizontal middle."""
        return (self.left + self.right) / 2


class Colours(NamedTuple):
    """The colours of a picture."""

    ground: str
    shade: str
    package: str
    light: str
    dark: str
    label: str
    ink: str


def draw(name: str, category: str, department: str) -> bytes:
    """Return the picture of a product as JPEG; the same words give the same picture."""
    # pylint: disable-next=import-outside-toplevel  # only a process that draws needs it
    from PIL import Image, ImageDraw

    shape = _shape(name, category, department)
    colours = _colours(name, category, department, shape)
    # The ground has no edges, so the pixels of each square that is reduced later may be the same.
    image = _ground(colours).resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
    canvas = ImageDraw.Draw(image)
    label = _DRAWERS[shape](canvas, colours)
    caption = _PRIVATE if _PRIVATE in name else category[:_MAX_LETTERS]
    _write(canvas, label, _lines(name), caption, colours)
    written = BytesIO()
    image.reduce(_SCALE).save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


def _ground(colours: Colours) -> "Image":
    """Return the background of a picture in its final size: a light and a shadow."""
    # pylint: disable-next=import-outside-toplevel  # as above
    from PIL import Image, ImageDraw, ImageFilter

    ground = Image.new("RGB", (SIZE, SIZE), colours.ground)
    light = Image.radial_gradient("L").resize((SIZE, SIZE)).point(lambda value: 90 - value // 3)
    ground.paste("#ffffff", (0, 0), light)
    shadow = Image.new("L", (_SIDE // 4, _SIDE // 4))
    ImageDraw.Draw(shadow).ellipse(_box(0.22, 0.81, 0.78, 0.9, side=_SIDE // 4), fill=130)
    shadow = shadow.filter(ImageFilter.GaussianBlur(8)).resize((SIZE, SIZE))
    ground.paste(colours.shade, (0, 0), shadow)
    return ground


def _shape(name: str, category: str, department: str) -> str:
    if department in _DEPARTMENTS:
        return _DEPARTMENTS[department]
    for text in (category, name):
        for shape, known in _SHAPES:
            if _has_one(text, known):
                return shape
    return "carton"


def _has_one(text: str, known: str) -> bool:
    return any(word in text.lower() for word in known.split())


def _colours(name: str, category: str, department: str, shape: str) -> Colours:
    ground = _share(department)
    package = _PACKAGES[int(_share(name) * len(_PACKAGES))]
    if department == "produce":
        found = (colour for colour, known in _NATURAL if _has_one(f"{name} {category}", known))
        package = next(found, "#8bb84a")
    elif "seafood" in department:
        package = _FISH
    elif shape == "tray" and "cheese" not in category.lower():
        package = _MEAT
    return Colours(
        ground=_colour(ground, 0.87, 0.42),
        shade=_colour(ground, 0.55, 0.3),
        package=package,
        light=_mixed(package, "#ffffff", 0.5),
        dark=_mixed(package, "#000000", 0.25),
        label="#fffdf7",
        ink=_mixed(package, "#101820", 0.72),
    )


def _share(text: str) -> float:
    """Return a number from 0 to 1 that is the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32


def _colour(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(
        f"{round(part * 255):02x}" for part in hls_to_rgb(hue, lightness, saturation)
    )


def _box(left: float, top: float, right: float, bottom: float, *, side: int = _SIDE) -> Box:
    return Box(left * side, top * side, right * side, bottom * side)


def _rounded(canvas: "ImageDraw", box: Box, radius: float, fill: str) -> None:
    canvas.rounded_rectangle(box, radius * _SIDE, fill=fill)


def _bottle(canvas: "ImageDraw", colours: Colours) -> Box:
    _rounded(canvas, _box(0.44, 0.08, 0.56, 0.15), 0.015, colours.dark)
    _rounded(canvas, _box(0.455, 0.14, 0.545, 0.3), 0.02, colours.package)
    canvas.ellipse(_box(0.31, 0.22, 0.69, 0.5), fill=colours.package)
    _rounded(canvas, _box(0.31, 0.34, 0.69, 0.87), 0.05, colours.package)
    _rounded(canvas, _box(0.345, 0.36, 0.375, 0.84), 0.015, colours.light)
    return _box(0.31, 0.42, 0.69, 0.76)


def _can(canvas: "ImageDraw", colours: Colours) -> Box:
    canvas.ellipse(_box(0.27, 0.78, 0.73, 0.9), fill="#9aa1a6")
    canvas.rectangle(_box(0.27, 0.22, 0.73, 0.84), fill=colours.package)
    canvas.rectangle(_box(0.3, 0.22, 0.34, 0.84), fill=colours.light)
    canvas.ellipse(_box(0.27, 0.155, 0.73, 0.285), fill="#b9c0c4")
    canvas.ellipse(_box(0.31, 0.175, 0.69, 0.265), fill="#dde2e4")
    return _box(0.27, 0.36, 0.73, 0.74)


def _jar(canvas: "ImageDraw", colours: Colours) -> Box:
    _rounded(canvas, _box(0.29, 0.24, 0.71, 0.88), 0.08, colours.package)
    _rounded(canvas, _box(0.32, 0.3, 0.35, 0.82), 0.015, colours.light)
    _rounded(canvas, _box(0.31, 0.16, 0.69, 0.27), 0.02, colours.dark)
    for place in range(8):
        left = 0.335 + place * 0.045
        canvas.line(_box(left, 0.18, left, 0.255), fill=colours.package, width=4)
    return _box(0.29, 0.4, 0.71, 0.76)


def _bag(canvas: "ImageDraw", colours: Colours) -> Box:
    steps = 14
    top = [(0.27 + 0.46 * each / steps, 0.14 + 0.018 * (each % 2)) for each in range(steps + 1)]
    bottom = [(0.75 - 0.5 * each / steps, 0.87 + 0.018 * (each % 2)) for each in range(steps + 1)]
    outline = [
        *top,
        (0.7, 0.3),
        (0.73, 0.5),
        (0.75, 0.7),
        *bottom,
        (0.25, 0.7),
        (0.27, 0.5),
        (0.3, 0.3),
    ]
    canvas.polygon([(x * _SIDE, y * _SIDE) for x, y in outline], fill=colours.package)
    canvas.rectangle(_box(0.275, 0.185, 0.725, 0.2), fill=colours.dark)
    canvas.rectangle(_box(0.26, 0.83, 0.74, 0.845), fill=colours.dark)
    return _box(0.31, 0.32, 0.69, 0.7)


def _tray(canvas: "ImageDraw", colours: Colours) -> Box:
    _rounded(canvas, _box(0.14, 0.28, 0.86, 0.86), 0.07, "#f4f4f0")
    _rounded(canvas, _box(0.17, 0.31, 0.83, 0.83), 0.06, "#e3e3dc")
    for left, top in ((0.2, 0.36), (0.47, 0.34), (0.33, 0.5), (0.55, 0.54), (0.22, 0.6)):
        canvas.ellipse(_box(left, top, left + 0.26, top + 0.2), fill=colours.package)
        canvas.ellipse(_box(left + 0.03, top + 0.03, left + 0.2, top + 0.13), fill=colours.light)
    return _box(0.27, 0.4, 0.73, 0.74)


def _fruit(canvas: "ImageDraw", colours: Colours) -> Box:
    _rounded(canvas, _box(0.13, 0.56, 0.87, 0.88), 0.03, "#b98a57")
    for left, top in ((0.15, 0.36), (0.35, 0.3), (0.55, 0.36), (0.25, 0.2), (0.46, 0.18)):
        canvas.line(
            _box(left + 0.14, top - 0.03, left + 0.15, top + 0.05), fill="#6b4a2b", width=12
        )
        canvas.ellipse(_box(left, top, left + 0.29, top + 0.28), fill=colours.dark)
        canvas.ellipse(_box(left, top, left + 0.28, top + 0.27), fill=colours.package)
        canvas.ellipse(_box(left + 0.05, top + 0.05, left + 0.12, top + 0.11), fill=colours.light)
    canvas.ellipse(_box(0.6, 0.11, 0.74, 0.18), fill="#5c9a4a")
    for top in (0.56, 0.67, 0.78):
        _rounded(canvas, _box(0.12, top, 0.88, top + 0.095), 0.015, "#c99b68")
    return _box(0.24, 0.585, 0.76, 0.855)


def _flower(canvas: "ImageDraw", colours: Colours) -> Box:
    for left, top in ((0.36, 0.3), (0.5, 0.22), (0.64, 0.3), (0.43, 0.38), (0.57, 0.38)):
        canvas.line(_box(left, top, 0.5, 0.7), fill="#5c9a4a", width=16)
        for across, down in (
            (-0.06, 0),
            (0.06, 0),
            (0, -0.06),
            (0, 0.06),
            (0.045, 0.045),
            (-0.045, -0.045),
        ):
            x, y = left + across, top + down
            canvas.ellipse(_box(x - 0.045, y - 0.045, x + 0.045, y + 0.045), fill=colours.package)
        canvas.ellipse(_box(left - 0.04, top - 0.04, left + 0.04, top + 0.04), fill="#f2c14e")
    pot = [(0.3, 0.54), (0.7, 0.54), (0.64, 0.88), (0.36, 0.88)]
    canvas.polygon([(x * _SIDE, y * _SIDE) for x, y in pot], fill=colours.dark)
    return _box(0.33, 0.57, 0.67, 0.84)


def _tube(canvas: "ImageDraw", colours: Colours) -> Box:
    outline = [(0.34, 0.12), (0.66, 0.12), (0.69, 0.74), (0.31, 0.74)]
    canvas.polygon([(x * _SIDE, y * _SIDE) for x, y in outline], fill=colours.package)
    canvas.rectangle(_box(0.335, 0.12, 0.665, 0.16), fill=colours.dark)
    _rounded(canvas, _box(0.39, 0.73, 0.61, 0.88), 0.02, colours.dark)
    return _box(0.34, 0.26, 0.66, 0.64)


def _carton(canvas: "ImageDraw", colours: Colours) -> Box:
    side = [(0.7, 0.16), (0.78, 0.21), (0.78, 0.84), (0.7, 0.88)]
    canvas.polygon([(x * _SIDE, y * _SIDE) for x, y in side], fill=colours.dark)
    canvas.rectangle(_box(0.25, 0.16, 0.7, 0.88), fill=colours.package)
    canvas.rectangle(_box(0.25, 0.16, 0.7, 0.24), fill=colours.light)
    return _box(0.25, 0.34, 0.7, 0.74)


_DRAWERS = {
    "bottle": _bottle,
    "can": _can,
    "jar": _jar,
    "bag": _bag,
    "tray": _tray,
    "fruit": _fruit,
    "flower": _flower,
    "tube": _tube,
    "carton": _carton,
}


def _mixed(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another one."""
    pairs = ((int(each[at : at + 2], 16) for each in (colour, other)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(own * (1 - share) + added * share):02x}" for own, added in pairs)


def _lines(name: str) -> list[str]:
    words = name.partition(" (private")[0].partition(",")[0]
    lines = textwrap.wrap(words, 16, break_long_words=False)
    return lines[:_MAX_LINES]


def _write(
    canvas: "ImageDraw", label: Box, lines: list[str], caption: str, colours: Colours
) -> None:
    canvas.rectangle(label, fill=colours.label)
    for edge in (label.top, label.bottom - _EDGE):
        canvas.rectangle((label.left, edge, label.right, edge + _EDGE), fill=colours.dark)
    room = label.bottom - label.top - _CAPTION_ROOM
    size = _size_within(lines, label.right - label.left - 36, room - 20)
    height = size * _LINE_HEIGHT
    first = label.top + _EDGE + (room - len(lines) * height) / 2
    for place, line in enumerate(lines):
        _center(canvas, (label.middle, first + place * height), line, size, colours.ink)
    _center(canvas, (label.middle, label.bottom - 56), caption, _CAPTION_SIZE, colours.dark)


def _center(
    canvas: "ImageDraw", place: tuple[float, float], text: str, size: int, colour: str
) -> None:
    from PIL import ImageFont  # pylint: disable=import-outside-toplevel  # as above

    canvas.text(place, text, fill=colour, font=ImageFont.load_default(size), anchor="ma")


def _size_within(lines: list[str], width: float, height: float) -> int:
    """Return the largest size of letters in which lines fit a label."""
    from PIL import ImageFont  # pylint: disable=import-outside-toplevel  # as above

    for size in range(76, 26, -4):
        font: Any = ImageFont.load_default(size)
        longest = max(font.getlength(line) for line in lines)
        if longest <= width and len(lines) * size * _LINE_HEIGHT <= height:
            return size
    return 26
