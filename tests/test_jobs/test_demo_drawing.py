"""The demo draws one picture for each kind of package, which is the same each time."""

from io import BytesIO

import pytest
from PIL import Image

from app.jobs.errands.demo_drawing import SIZE, draw


@pytest.mark.parametrize(
    ("name", "category", "department"),
    [
        ("Tortilla Chips", "Bag Snacks", "grocery"),
        ("Fluid Milk (private label)", "Fluid Milk Products", "grocery"),
        ("Condensed Soup", "Soup", "grocery"),
        ("Peanut Butter", "Spreads", "grocery"),
        ("Ground Beef", "Beef", "meat"),
        ("Soap", "Bath", "drug-gm"),
        ("Lemons", "Citrus", "produce"),
        ("Crazy Daisies", "Floral Fresh Cut", "floral"),
        ("Paper Towels & Holders", "Paper Towels", "grocery"),
        ("Antidisestablishmentarianism " * 8, "A category with a very long name indeed", "deli"),
        ("?", "?", "?"),
    ],
)
def test_a_drawn_picture_is_the_same_each_time(name: str, category: str, department: str) -> None:
    drawn = draw(name, category, department)
    assert drawn == draw(name, category, department)
    with Image.open(BytesIO(drawn)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (SIZE, SIZE))
        colours = picture.convert("RGB").getcolors(SIZE * SIZE)
        assert colours is not None and len(colours) > 100


def test_the_label_on_a_picture_distinguishes_products() -> None:
    assert draw("Lemons", "Citrus", "produce") != draw("Limes", "Citrus", "produce")
