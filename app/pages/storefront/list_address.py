"""The address of a list of products, and the addresses of lists with one filter changed."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

_PLAIN = ("q", "category", "min_price", "max_price", "in_stock", "sort", "cursor")
_OPTION = "option."
_BETWEEN_VALUES = re.compile(r"(?<!\\),")
Pairs = tuple[tuple[str, str], ...]


class ListAddress:
    """The known parameters of a list; others, such as those of advertisements, are dropped.

    The methods return the address of the first page of a list with changed parameters.
    """

    def __init__(self, path: str, query: Iterable[tuple[str, str]]) -> None:
        self._path = path
        known = {
            name: value
            for name, value in query
            if value.strip() and (name in _PLAIN or name.startswith(_OPTION))
        }
        self.pairs: Pairs = tuple(known.items())

    @property
    def filters(self) -> Pairs:
        """The filters, without the order and the cursor."""
        return tuple(pair for pair in self.pairs if pair[0] not in ("sort", "cursor"))

    @property
    def chosen(self) -> Pairs:
        """The filters without the search words."""
        return tuple(pair for pair in self.filters if pair[0] != "q")

    def value(self, name: str) -> str:
        """Return the value of a parameter, or an empty text."""
        return dict(self.pairs).get(name, "")

    def of(self, **values: str) -> str:
        """Return the address with other values of these parameters; an empty one is left out."""
        return self._with(values)

    def without(self, name: str) -> str:
        """Return the address without a parameter."""
        return self._with({name: ""})

    def cleared(self) -> str:
        """Return the address without filters, with the search words."""
        return self._with({name: "" for name, _ in self.chosen})

    def hidden(self, *names: str) -> Pairs:
        """Return the hidden parameters of a form whose fields are the given ones."""
        return tuple(pair for pair in self.pairs if pair[0] not in (*names, "cursor"))

    def has(self, option: str, value: str) -> bool:
        """Return whether a value of an option is chosen."""
        return value in self._values(option)

    def toggled(self, option: str, value: str) -> str:
        """Return the address with a value of an option, or without it if it is chosen."""
        values = self._values(option)
        kept = [each for each in values if each != value]
        return self._with({option: ",".join(kept if value in values else [*values, value])})

    def _values(self, option: str) -> list[str]:
        value = self.value(option)
        return _BETWEEN_VALUES.split(value) if value else []

    def _with(self, values: dict[str, str]) -> str:
        changed = dict(self.pairs) | values
        changed.pop("cursor", None)
        query = urlencode([pair for pair in changed.items() if pair[1]])
        return f"{self._path}?{query}" if query else self._path
