"""The near cache is bounded, and refuses values that were loaded before a drop of their tag."""

from app.cache.local import LocalStore
from app.cache.representation import ABSENT, Representation

HOUR = 3_600.0


def of(text: str) -> Representation:
    """Return a representation of a text."""
    return Representation(text.encode(), f'"{text}"')


class Watch:
    """A clock that only the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stored_value_is_found_until_its_time_to_live_ends() -> None:
    watch = Watch()
    store = LocalStore(100, 1_000_000, watch)
    assert store.put("a:", "a", of("1"), 10.0, store.drops)
    watch.now = 9.9
    assert store.get("a:") == of("1")
    assert round(store.seconds_left("a:") or 0, 3) == 0.1
    watch.now = 10.0
    assert store.get("a:") is None
    assert (len(store), store.bytes, store.seconds_left("a:")) == (0, 0, None)


def test_a_drop_removes_every_entry_of_its_tag_and_no_other() -> None:
    store = LocalStore(100, 1_000_000)
    for key in ("a:", "a:x", "b:"):
        store.put(key, key[0], of(key), HOUR, store.drops)
    store.drop(["a"])
    assert [store.get(key) for key in ("a:", "a:x", "b:")] == [None, None, of("b:")]
    assert store.bytes == of("b:").size


def test_a_value_that_was_loaded_before_a_drop_is_refused_after_it() -> None:
    store = LocalStore(100, 1_000_000)
    before = store.drops
    store.drop(["a"])
    assert not store.put("a:", "a", of("old"), HOUR, before)
    assert store.put("b:", "b", of("other"), HOUR, before)
    assert store.put("a:", "a", of("new"), HOUR, store.drops)


def test_a_value_that_was_loaded_before_a_clear_is_refused_after_it() -> None:
    store = LocalStore(100, 1_000_000)
    before = store.drops
    store.clear()
    assert not store.put("a:", "a", of("old"), HOUR, before)


def test_values_from_before_a_forgotten_drop_are_refused() -> None:
    store = LocalStore(100, 1_000_000)
    before = store.drops
    store.drop(["a"])
    since = store.drops
    store.drop(f"tag {number}" for number in range(20_000))
    assert len(store._drops) == 10_000  # pylint: disable=protected-access
    # A tag without a remembered drop counts as dropped at the last forgotten drop.
    assert not store.put("a:", "a", of("old"), HOUR, before)
    assert not store.put("z:", "z", of("old"), HOUR, before)
    assert not store.put("a:", "a", of("perhaps old"), HOUR, since)
    assert store.put("a:", "a", of("new"), HOUR, store.drops)


def test_the_number_of_entries_is_limited_and_the_least_recently_used_are_evicted() -> None:
    store = LocalStore(100, 1_000_000)
    for number in range(100):
        store.put(f"{number}:", f"{number}", of("x"), HOUR, store.drops)
    assert store.get("0:") is not None
    for number in range(100, 150):
        store.put(f"{number}:", f"{number}", of("x"), HOUR, store.drops)
    assert len(store) == 100
    assert store.get("0:") is not None and store.get("1:") is None


def test_the_number_of_bytes_is_limited() -> None:
    large = of("x" * 100_000)
    store = LocalStore(100, 1_000_000)
    for number in range(50):
        store.put(f"{number}:", f"{number}", large, HOUR, store.drops)
    assert len(store) == 1_000_000 // large.size
    assert store.bytes == len(store) * large.size


def test_an_entry_larger_than_the_store_is_not_stored() -> None:
    store = LocalStore(100, 1_000)
    store.put("a:", "a", of("x" * 2_000), HOUR, store.drops)
    assert (len(store), store.bytes) == (0, 0)


def test_absent_ids_evict_only_each_other() -> None:
    store = LocalStore(1_000, 10_000_000)
    for number in range(900):
        store.put(f"{number}:", f"{number}", of("hot"), HOUR, store.drops)
    for number in range(10_000):
        store.put(f"absent {number}:", f"absent {number}", ABSENT, HOUR, store.drops)
    assert len(store) == 1_000
    assert all(store.get(f"{number}:") is not None for number in range(900))
    assert len(store._keys) == 1_000  # pylint: disable=protected-access


def test_a_value_replaces_the_one_before() -> None:
    store = LocalStore(100, 1_000_000)
    store.put("a:", "a", ABSENT, HOUR, store.drops)
    store.put("a:", "a", of("1"), HOUR, store.drops)
    assert store.get("a:") == of("1")
    assert (len(store), store.bytes) == (1, of("1").size)
