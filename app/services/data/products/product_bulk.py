"""Many products and variants at once; each row has its own result."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from app.errors import DomainError, InvalidInput, Unavailable
from app.repositories.data.product_import_repository import ProductImportRepository
from app.schemas.data.bulk_schema import BulkResult, BulkRow, BulkRowResult, ProductBulk
from app.schemas.data.import_schema import VariantRow
from app.security.principal import Caller
from app.services.data.import_outcome import FirstRows, Outcome
from app.services.data.products.product_import import ProductImport
from app.services.data.products.product_rows import OPTION_NAMES, OPTION_VALUES, NumberedRow
from app.tables.identity import comparison_key

Refusals = dict[int, DomainError]
"""The refused rows by their places."""


class ProductBulkService:
    """Adds products and variants with new SKUs, and changes those with known ones."""

    def __init__(
        self,
        imported: ProductImportRepository,
        products: ProductImport,
        savepoint: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._imported = imported
        self._products = products
        self._savepoint = savepoint

    async def apply(self, caller: Caller, data: ProductBulk, *, is_whole: bool) -> BulkResult:
        """Apply the rows independently, or all or none of them if that is requested.

        Raises:
            InvalidInput: all or none are to be applied, and some rows are refused.
        """
        refused: Refusals = {}
        given: list[tuple[int, BulkRow]] = []
        for index, row in enumerate(data.rows):
            try:
                given.append((index, BulkRow.parse(row)))
            except InvalidInput as error:
                refused[index] = _at(index, error)
        known = await self._known(given)
        outcome = Outcome()
        await self._load(caller, _in_order(given, known), FirstRows(), outcome, refused)
        if is_whole and refused:
            raise InvalidInput(
                f"{len(refused)} of {len(data.rows)} rows are refused",
                [each for index in sorted(refused) for each in _errors_of(index, refused[index])],
            )
        return self._result(len(data.rows), given, await self._known(given), outcome, refused)

    async def _known(self, rows: Sequence[tuple[int, BulkRow]]) -> dict[str, Any]:
        skus = {row.sku for _, row in rows} | {
            row.product_sku for _, row in rows if row.product_sku
        }
        return await self._imported.by_sku(skus) if skus else {}

    async def _load(
        self,
        caller: Caller,
        rows: Sequence[NumberedRow],
        first_rows: FirstRows,
        outcome: Outcome,
        refused: Refusals,
    ) -> None:
        """Apply rows together; if that fails, apply them in halves, to find the faulty row."""
        if not rows:
            return
        tried = Outcome()
        try:
            async with self._savepoint():
                await self._products.load(caller, rows, first_rows, tried)
        except Unavailable:
            raise
        except DomainError as refusal:
            if len(rows) == 1:
                refused[rows[0][0]] = _at(rows[0][0], refusal)
                return
            middle = len(rows) // 2
            for half in (rows[:middle], rows[middle:]):
                await self._load(caller, half, first_rows, outcome, refused)
            return
        outcome.include(tried)
        for index, (column, reason) in tried.faults.items():
            field = "option_values" if column in (*OPTION_NAMES, *OPTION_VALUES) else column
            refused[index] = InvalidInput.in_body((f"#/rows/{index}/{field}", reason))

    def _result(
        self,
        count: int,
        given: Sequence[tuple[int, BulkRow]],
        known: Mapping[str, Any],
        outcome: Outcome,
        refused: Refusals,
    ) -> BulkResult:
        changed = {index for index, _ in outcome.updated}
        skus = {index: row.sku for index, row in given}
        results = []
        for index in range(count):
            if (problem := refused.get(index)) is not None:
                told = {**problem.as_problem()}
                results.append(BulkRowResult(index=index, status="refused", problem=told))
                continue
            its = known[skus[index]]
            created = "created" if index in outcome.created else "unchanged"
            results.append(
                BulkRowResult(
                    index=index,
                    status="changed" if index in changed else created,
                    id=its.id,
                    product_id=its.product_id,
                )
            )
        return BulkResult(rows=results)


def _in_order(given: Sequence[tuple[int, BulkRow]], known: Mapping[str, Any]) -> list[NumberedRow]:
    """Return the rows grouped by product, the first variant first."""
    firsts = {row.sku: row for _, row in given if row.product_sku in (None, row.sku)}
    groups: dict[str, list[NumberedRow]] = {}
    for index, row in sorted(
        given, key=lambda each: each[1].product_sku not in (None, each[1].sku)
    ):
        key = row.product_sku or row.sku
        owner, first = known.get(key), firsts.get(key)
        names = owner.option_names if owner else list(first.option_values or {}) if first else []
        groups.setdefault(key, []).append((index, _row_of(row, names)))
    return [each for group in groups.values() for each in group]


def _row_of(row: BulkRow, names: Sequence[str]) -> VariantRow:
    """Return a row with the options in the order of its product."""
    values = dict(row.changes())
    options: Mapping[str, str] = values.pop("option_values", {})
    by_key = {comparison_key(name): (name, value) for name, value in options.items()}
    ordered = [by_key[key] for name in names if (key := comparison_key(name)) in by_key]
    if len(ordered) < len(options):
        ordered = list(options.items())
    for (name, value), name_field, value_field in zip(ordered, OPTION_NAMES, OPTION_VALUES):
        values |= {name_field: name, value_field: value}
    if (path := values.get("category_path")) is not None:
        values |= {"category_path": tuple(path), "category": path[-1]}
    return VariantRow.model_construct(**values)


def _at(index: int, refusal: DomainError) -> DomainError:
    """Return a refusal with pointers to a row of the request."""
    errors: list[dict[str, str]] = refusal.context.get("errors", [])
    if isinstance(refusal, InvalidInput) and errors:
        return InvalidInput(
            refusal.detail,
            [
                each | {"pointer": f"#/rows/{index}{each['pointer'].removeprefix('#')}"}
                for each in errors
            ],
        )
    return refusal


def _errors_of(index: int, refusal: DomainError) -> list[dict[str, str]]:
    errors: list[dict[str, str]] = refusal.context.get("errors", [])
    return errors or [{"pointer": f"#/rows/{index}", "detail": refusal.detail}]
