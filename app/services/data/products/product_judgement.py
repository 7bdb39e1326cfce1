"""Decides which rows of products are new, changed, unchanged or refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.core.money import format_minor
from app.schemas.catalogue.variant_schema import MAX_VARIANTS
from app.schemas.data.import_schema import ProductRow, shown
from app.schemas.name_paths import join_names
from app.services.catalogue.new_product import option_columns
from app.services.data.import_outcome import (
    Differences,
    FirstRows,
    ImportOptions,
    Outcome,
    change_of,
    earlier_row,
    refusal_of,
)
from app.services.data.products.product_edits import Edit
from app.services.data.products.product_rows import (
    OF_VARIANT,
    OPTION_VALUES,
    SHARED,
    NumberedRow,
    label_of,
    new_variant,
    wrong_options,
)


@dataclass(slots=True)
class Plan:
    """The additions and changes of rows."""

    new: dict[str, list[NumberedRow]] = field(default_factory=dict)
    """The rows of each new product by its key, the first variant first."""
    edits: dict[UUID, Edit] = field(default_factory=dict)
    paths: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    """The paths of the categories that products get."""
    added: list[int] = field(default_factory=list)
    """The rows that add a variant to an existing product."""
    updated: list[tuple[int, str]] = field(default_factory=list)
    """The rows that change something, with the changes."""


class Judgement:
    """Decides about rows by comparing them with the existing rows of their SKUs."""

    def __init__(
        self,
        options: ImportOptions,
        currency: str,
        known: Mapping[str, Any],
        categories: Mapping[UUID, tuple[str, ...]],
        first_rows: FirstRows,
        outcome: Outcome,
    ) -> None:
        self._options = options
        self._currency = currency
        self._known = known
        self._categories = categories
        self._first_rows = first_rows
        self._outcome = outcome
        self._plan = Plan()

    def plan(self, rows: Iterable[NumberedRow]) -> Plan:
        """Return the additions and changes of rows; the other rows are unchanged or refused."""
        groups: dict[str, list[NumberedRow]] = {}
        for each in rows:
            groups.setdefault(each[1].product_key, []).append(each)
        for group in groups.values():
            for number, row in group:
                self._note_group(row, is_shared=len(group) > 1)
                if (reason := self._fault_of(number, row)) is not None:
                    self._outcome.refuse(number, *reason)
                elif (existing := self._known.get(row.sku)) is None:
                    self._add(number, row)
                else:
                    self._compare(number, row, existing)
        return self._plan

    def _note_group(self, row: ProductRow, *, is_shared: bool) -> None:
        """Group the rows of a product, under any of the SKUs by which they name it."""
        shared, found = self._first_rows.shared, self._known.get(row.sku)
        names = [row.product_key, *([] if found is None else [str(found.product_id)])]
        if not is_shared and found is not None and found.variants_count == 1:
            return
        if not is_shared and found is None and row.product_key not in shared:
            return
        its = next((shared[name] for name in names if name in shared), {})
        shared |= {name: its for name in names}

    def _fault_of(self, number: int, row: ProductRow) -> tuple[str, str] | None:
        """Return the column and the reason if a row is refused in any case."""
        if (first := earlier_row(self._first_rows, row.sku, number)) is not None:
            return "sku", f"{row.sku} is in row {first} already"
        if row.currency not in (None, self._currency):
            return "currency", f"must be that of the shop, {self._currency}"
        price = row.price_minor if "price_minor" in row.model_fields_set else None
        if row.compare_at_minor is not None and row.compare_at_minor <= (price or 0):
            return "compare_at_price", "must be more than the price"
        return self._contradiction(number, row)

    def _contradiction(self, number: int, row: ProductRow) -> tuple[str, str] | None:
        """Return the column in which a row differs from an earlier one of the same product."""
        shared = self._first_rows.shared.get(row.product_key)
        if shared is None:
            return None
        given = {name: getattr(row, name) for name in SHARED if name in row.model_fields_set}
        for name, value in given.items():
            first, other = shared.get(name, (number, value))
            if other != value:
                reason = f"must be as in row {first}, which is of the same product"
                return name, f"{reason} (found {self._shown(name, value)})"
        for name, value in given.items():
            shared.setdefault(name, (number, value))
        return None

    def _add(self, number: int, row: ProductRow) -> None:
        """Plan a new product, or a further variant."""
        if (wrong := self._wrong_of_new(row)) is not None:
            return self._outcome.refuse(number, *wrong)
        names = self._names_for(row)
        if (wrong := wrong_options(row, names, is_new=True)) is not None:
            return self._outcome.refuse(number, *wrong)
        if not names and row.is_further:
            return self._outcome.refuse(number, "product_sku", "the product has no options")
        if (new := self._plan.new.get(row.product_key)) is not None:
            new.append((number, row))
        elif not row.is_further:
            self._plan.new[row.product_key] = [(number, row)]
        else:
            self._add_variant(number, row, self._known[row.product_key], names)
        return None

    def _wrong_of_new(self, row: ProductRow) -> tuple[str, str] | None:
        """Return the column and the reason if the addition of a row is not possible."""
        if not row.is_further:
            for name in ("name", "category", "price_minor"):
                if name not in row.model_fields_set:
                    return label_of(name), "is required"
            return None
        if (new := self._plan.new.get(row.product_key)) is not None:
            reason = f"the product has {MAX_VARIANTS} variants already, and no more are allowed"
            return ("product_sku", reason) if len(new) >= MAX_VARIANTS else None
        owner = self._known.get(row.product_key)
        if owner is None:
            reason = f"there is no product {row.product_key}, and no valid row of it"
            return "product_sku", reason
        if owner.archived_at is not None:
            return "product_sku", f"product {row.product_key} is archived"
        return None

    def _names_for(self, row: ProductRow) -> list[str]:
        """Return the options of the product of a new variant."""
        if not row.is_further:
            return row.option_names
        if (new := self._plan.new.get(row.product_key)) is not None:
            return new[0][1].option_names
        names: list[str] = self._known[row.product_key].option_names
        return names

    def _add_variant(self, number: int, row: ProductRow, owner: Any, names: list[str]) -> None:
        differences = self._shared(row, owner)
        if differences and not self._options.updates_existing:
            return self._outcome.refused.append((number, refusal_of(differences)))
        edit = self._edit(row, owner, differences)
        edit.added.append(new_variant(row, names))
        self._plan.added.append(number)
        return None

    def _compare(self, number: int, row: ProductRow, existing: Any) -> None:
        """Plan the changes of an existing variant."""
        owner = self._known.get(row.product_key)
        if owner is None or owner.product_id != existing.product_id:
            reason = f"{row.sku} is a variant of another product"
            return self._outcome.refuse(number, "product_sku", reason)
        if (wrong := wrong_options(row, existing.option_names, is_new=False)) is not None:
            return self._outcome.refuse(number, *wrong)
        differences = self._shared(row, existing) | self._own(row, existing)
        if not differences:
            self._outcome.unchanged += 1
        elif existing.archived_at is not None:
            self._outcome.refuse(number, "sku", f"product {row.sku} is archived")
        elif self._options.updates_existing:
            self._edit(row, existing, differences)
            self._plan.updated.append((number, change_of(differences)))
        else:
            self._outcome.refused.append((number, refusal_of(differences)))
        return None

    def _shared(self, row: ProductRow, product: Any) -> Differences:
        """Return the differences in the columns that all variants share."""
        found = self._differences(
            row, product, [each for each in SHARED if each != "category_path"]
        )
        if row.category_path is not None:
            here = self._categories.get(product.primary_category_id, (product.category,))
            if here != row.category_path:
                found.pop("category", None)
                both = (join_names(here), join_names(row.category_path))
                found["category_path"] = (shown(both[0]), shown(both[1]))
        return found

    def _own(self, row: ProductRow, variant: Any) -> Differences:
        """Return the differences in the columns of a variant that the row has.

        Because sales change the stock, only an update sets it. An import whose orders move the
        stock does not: a second run would return the units that the orders of the first run took.
        """
        sets_stock = self._options.updates_existing and not self._options.moves_stock
        names = [*OF_VARIANT, *(["stock_quantity"] if sets_stock else [])]
        found = self._differences(row, variant, names)
        for place, (column, value) in enumerate(zip(OPTION_VALUES, row.option_values), start=1):
            here = getattr(variant, f"option{place}")
            if value is not None and value != here:
                found[column] = (shown(here), shown(value))
        return found

    def _differences(self, row: ProductRow, present: Any, names: Iterable[str]) -> Differences:
        return {
            label_of(name): (self._shown(name, here), self._shown(name, there))
            for name in names
            if name in row.model_fields_set
            and (here := getattr(present, name)) != (there := getattr(row, name))
        }

    def _edit(self, row: ProductRow, existing: Any, differences: Differences) -> Edit:
        """Plan the columns that differ."""
        edit = self._plan.edits.setdefault(existing.product_id, Edit())
        for name in SHARED:
            if name in differences and name != "category_path":
                edit.product[name] = getattr(row, name)
        if "category_path" in differences and row.category_path is not None:
            edit.product["category"] = row.category_path[-1]
            self._plan.paths[existing.product_id] = row.category_path
        changed = {
            name.removeprefix("variant_"): getattr(row, name)
            for name in (*OF_VARIANT, "stock_quantity")
            if label_of(name) in differences
        }
        if any(column in differences for column in OPTION_VALUES):
            here = (existing.option1, existing.option2, existing.option3)
            changed |= option_columns([new or old for new, old in zip(row.option_values, here)])
        if changed:
            edit.variants[existing.id] = changed
        return edit

    def _shown(self, name: str, value: Any) -> str:
        if value is None:
            return "absent"
        if name.endswith("_minor"):
            return format_minor(value, self._currency)
        if name == "category_path":
            return shown(join_names(value))
        return shown(value) if isinstance(value, str) else str(value).lower()
