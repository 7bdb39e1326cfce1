"""Words for the search are ASCII for any text, and can be found by their beginnings."""

import random

import pytest

from app.core.search_words import search_text, search_words

RANGES = ((0x20, 0x2000), (0x20, 0xD800), (0xE000, 0x32000), (0xE0000, 0xE0200))


def random_text(source: random.Random, length: int) -> str:
    """Return a text of any letters, marks and signs."""
    return "".join(chr(source.randrange(*source.choice(RANGES))) for _ in range(length))


def test_a_text_is_found_by_its_own_words_in_ascii() -> None:
    source = random.Random(1)
    for _ in range(3_000):
        text = random_text(source, 8)
        indexed = search_text(text).split()
        for word in search_words(text):
            assert word.isascii() and word.isalnum(), text
            assert any(each.startswith(word) for each in indexed), text


@pytest.mark.parametrize(
    ("content", "indexed", "asked"),
    [
        ("Earl Grey, 100 g", "earl grey 100 g", ["earl", "grey", "100", "g"]),
        ("tea TEA", "tea tea", ["tea"]),
        ("aqua q", "aqqua qq", ["aqqua", "qq"]),
        ("5e8x 12ex e5", "5qz8x 12qzx e5", ["5qz8x", "12qzx", "e5"]),
        ("чай", "q00ufq00tsq00u0", ["q00ufq00tsq00u0"]),
        ("茶葉", "q0px2q0q4p q0q4p", ["q0px2q0q4p"]),
        ("\u0301 \ufe0f \u200d 😀 .,;", "", []),
        ("x" * 300, "x" * 255, ["x" * 255]),
    ],
)
def test_words_are_normalized_for_both_databases(
    content: str, indexed: str, asked: list[str]
) -> None:
    assert (search_text(content), search_words(content)) == (indexed, asked)


def test_the_words_of_several_texts_are_joined_in_order() -> None:
    assert search_text("Earl Grey", "", "TEA-1") == "earl grey tea 1"


def test_the_index_of_a_long_text_without_spaces_has_a_bounded_size() -> None:
    assert len(search_text("地域住民のまちづくり" * 1_000)) < 21 * 10_000
