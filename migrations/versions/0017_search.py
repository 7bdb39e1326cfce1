"""Products are counted by the values of their options, and their words have weights."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from app.core.search_words import search_text
from app.tables.identity import comparison_key

revision = "0017"
down_revision = "0016"

_AT_ONCE = 2_000
_KEY = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
_WORDS = ("search_names", "search_options")
_products = sa.table(
    "products",
    sa.column("id", sa.Uuid()),
    *(sa.column(name, sa.Text()) for name in ("name", "category", *_WORDS)),
)
_variants = sa.table(
    "variants",
    *(sa.column(name, sa.Uuid()) for name in ("id", "product_id")),
    *(sa.column(name, sa.Text()) for name in ("sku", "barcode", "option1", "option2", "option3")),
    sa.column("position", sa.BigInteger()),
    sa.column("archived_at", sa.DateTime(timezone=True)),
)
_RANKED_ON_POSTGRESQL = (
    """ALTER TABLE products ADD COLUMN search_vector TSVECTOR NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', search_names), 'A')
        || setweight(to_tsvector('simple', search_options), 'B')
        || to_tsvector('simple', search_text)) STORED""",
    "CREATE INDEX ix_products_search ON products USING gin (search_vector)",
)
_PLAIN_ON_POSTGRESQL = (
    "CREATE INDEX ix_products_search ON products USING gin (to_tsvector('simple', search_text))",
)
_ROW = "(SELECT row FROM product_search_rows WHERE product_id = new.id)"


def _on_sqlite(names: dict[str, str]) -> tuple[str, ...]:
    """Return what indexes words; the names of the columns in the index and of the products."""
    columns = ", ".join(names)
    old = [f"old.{name} <> new.{name}" for name in names.values()]
    return (
        f"CREATE VIRTUAL TABLE product_search USING fts5({columns}, prefix='2 3', "
        "tokenize='unicode61 remove_diacritics 0')",
        f"""CREATE TRIGGER product_search_insert AFTER INSERT ON products BEGIN
        INSERT INTO product_search_rows (product_id) VALUES (new.id);
        INSERT INTO product_search (rowid, {columns}) VALUES (
            {_ROW}, {", ".join(f"new.{name}" for name in names.values())});
    END""",
        f"""CREATE TRIGGER product_search_update AFTER UPDATE OF {", ".join(names.values())}
    ON products WHEN {" OR ".join(old)} BEGIN
        UPDATE product_search SET {", ".join(f"{a} = new.{b}" for a, b in names.items())}
        WHERE rowid = {_ROW};
    END""",
        f"""INSERT INTO product_search (rowid, {columns})
    SELECT row, {", ".join(names.values())}
    FROM product_search_rows JOIN products ON products.id = product_id""",
    )


_PLAIN_ON_SQLITE = _on_sqlite({"words": "search_text"})
_RANKED_ON_SQLITE = _on_sqlite(
    {"words": "search_text", "names": "search_names", "options": "search_options"}
)
_SHOWN = "archived_at IS NULL AND is_active"


def upgrade() -> None:
    """Create and fill, in batches, what products are counted and ranked by."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    _count()
    for name in _WORDS:
        op.execute(f"ALTER TABLE products ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
    _drop_search(is_postgresql)
    _weigh()
    for statement in _RANKED_ON_POSTGRESQL if is_postgresql else _RANKED_ON_SQLITE:
        op.execute(statement)


def _count() -> None:
    facets = op.create_table(
        "product_facets",
        sa.Column("facet", _KEY, nullable=False),
        sa.Column("value", _KEY, nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_facets_product_id")
        ),
        sa.PrimaryKeyConstraint("facet", "value", "product_id", name=op.f("pk_product_facets")),
    )
    assert facets is not None
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT p.id, p.option_names, v.option1, v.option2, v.option3, v.option1_key, "
            "v.option2_key, v.option3_key FROM products p JOIN variants v ON v.product_id = p.id "
            "WHERE p.archived_at IS NULL AND p.is_active AND v.archived_at IS NULL AND v.is_active "
            "AND v.option1_key <> '' ORDER BY p.id, v.position, v.id"
        ).columns(id=sa.Uuid())
    )
    for rows in found.partitions(_AT_ONCE):
        if values := {key: row for row in rows for key, row in _facets(row)}:
            connection.execute(_insertion(facets), list(values.values()))
    op.create_index(op.f("ix_product_facets_product_id"), "product_facets", ["product_id"])
    op.create_index(
        "ix_products_facets",
        "products",
        ["availability", "price_minor", "primary_category_id", "id"],
        postgresql_where=sa.text(_SHOWN),
        sqlite_where=sa.text(_SHOWN),
    )


def _facets(row: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    names = row.option_names
    for place, name in enumerate(json.loads(names) if isinstance(names, str) else names, start=1):
        key = comparison_key(name), getattr(row, f"option{place}_key"), row.id
        yield key, {
            **dict(zip(("facet", "value", "product_id"), key, strict=True)),
            "name": name,
            "label": getattr(row, f"option{place}"),
        }


def _insertion(facets: sa.Table) -> Any:
    # The variants of one product may be in two batches.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    return insert(facets).on_conflict_do_nothing()


def _weigh() -> None:
    """Fill the columns of the words that weigh more, in batches."""
    connection = op.get_bind()
    last = None
    while True:
        batch = sa.select(_products).order_by(_products.c.id).limit(_AT_ONCE)
        rows = connection.execute(batch if last is None else batch.where(_products.c.id > last))
        products = {row.id: row for row in rows}
        if not products:
            return
        bounds = next(iter(products)), (last := next(reversed(products)))
        texts: dict[Any, list[Any]] = {key: [] for key in products}
        its = sa.select(_variants).where(
            _variants.c.product_id.between(*bounds), _variants.c.archived_at.is_(None)
        )
        for variant in connection.execute(its.order_by(_variants.c.position, _variants.c.id)):
            texts[variant.product_id].append(variant)
        connection.execute(
            sa.update(_products)
            .where(_products.c.id == sa.bindparam("row_id"))
            .values({name: sa.bindparam(f"its_{name}") for name in _WORDS}),
            [{"row_id": key, **_words(row, texts[key])} for key, row in products.items()],
        )


def _words(product: Any, variants: list[Any]) -> dict[str, str]:
    names = [product.name, *(each.sku for each in variants)]
    names += [each.barcode or "" for each in variants]
    values = [value for each in variants for value in (each.option1, each.option2, each.option3)]
    return {
        "its_search_names": search_text(*dict.fromkeys(names)),
        "its_search_options": search_text(*dict.fromkeys([*values, product.category])),
    }


def _drop_search(is_postgresql: bool) -> None:
    if is_postgresql:
        op.execute("DROP INDEX ix_products_search")
        return
    op.execute("DROP TRIGGER product_search_update")
    op.execute("DROP TRIGGER product_search_insert")
    op.execute("DROP TABLE product_search")


def downgrade() -> None:
    """Drop what the upgrade has created, and index the words without weights."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    _drop_search(is_postgresql)
    if is_postgresql:
        op.execute("ALTER TABLE products DROP COLUMN search_vector")
    for name in _WORDS:
        op.execute(f"ALTER TABLE products DROP COLUMN {name}")
    for statement in _PLAIN_ON_POSTGRESQL if is_postgresql else _PLAIN_ON_SQLITE:
        op.execute(statement)
    op.drop_index("ix_products_facets", "products")
    op.drop_table("product_facets")
