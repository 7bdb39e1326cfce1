"""The drawing of the packages omits transitive imports, and its boxes do not overlap."""

from itertools import pairwise

from scripts.rooms_layout import Layout, Node, arrange, essential

LAYERS = [["cli", "web"], ["services"], ["cache", "database"], ["settings"]]
IMPORTS = {
    "cli": {"services", "settings"},
    "web": {"services", "cache", "settings"},
    "services": {"database", "settings"},
    "cache": {"settings"},
    "database": {"settings"},
    "settings": set[str](),
}


def _layout() -> Layout:
    nodes = [[Node(room, 60.0) for room in layer] for layer in LAYERS]
    return arrange(nodes, essential(IMPORTS))


def test_an_import_that_follows_from_others_is_omitted() -> None:
    assert essential(IMPORTS) == {
        "cli": {"services"},
        "web": {"services", "cache"},
        "services": {"database"},
        "cache": {"settings"},
        "database": {"settings"},
        "settings": set(),
    }


def test_the_boxes_of_a_layer_do_not_overlap() -> None:
    places = _layout().places
    assert {room: place.row for room, place in places.items()} == {
        room: row for row, layer in enumerate(LAYERS) for room in layer
    }
    for layer in LAYERS:
        ordered = sorted((places[room] for room in layer), key=lambda place: place.x)
        for left, right in pairwise(ordered):
            assert left.x + left.width / 2 < right.x - right.width / 2


def test_every_line_passes_each_layer_on_its_way_down() -> None:
    layout = _layout()
    ends = [(line[0][0], line[-1][0]) for line in layout.lines]
    assert sorted(ends) == [(0, 1), (0, 1), (0, 2), (1, 2), (2, 3), (2, 3)]
    for line in layout.lines:
        rows = [row for row, _ in line]
        assert rows == list(range(rows[0], rows[-1] + 1))
        assert all(0 <= x <= layout.width for _, x in line)


def test_no_two_lines_cross_unnecessarily() -> None:
    crossed = [["a", "b"], ["c", "d"]]
    layout = arrange(
        [[Node(room, 60.0) for room in layer] for layer in crossed],
        {"a": {"d"}, "b": {"c"}, "c": set(), "d": set()},
    )
    x = {room: place.x for room, place in layout.places.items()}
    assert (x["a"] < x["b"]) == (x["d"] < x["c"])


def test_the_same_rooms_are_placed_the_same_way() -> None:
    assert _layout() == _layout()
