"""A product is sold in variants, which have the SKU, the price and the stock.

The table of what is sold is renamed and keeps its rows, so that the lines of orders, the movements
of stock and the lines of reports, millions of rows, refer to the variants without being rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_REFERRING = ("stock_movements", "order_items", "report_products")
_LISTS = (
    ("created_at", "id"),
    ("name", "id"),
    ("price_minor", "id"),
    ("category", "created_at", "id"),
    ("category", "name", "id"),
    ("category", "price_minor", "id"),
)
_OPTIONS = ("option1", "option2", "option3")
# A low stock is noted when a process with its setting starts.
_AVAILABILITY = "CASE WHEN stock_quantity > 0 THEN 'in_stock' ELSE 'out_of_stock' END"
_TRIGGERS = (
    """CREATE TRIGGER product_search_insert AFTER INSERT ON products BEGIN
        INSERT INTO product_search_rows (product_id) VALUES (new.id);
        INSERT INTO product_search (rowid, words) VALUES (
            (SELECT row FROM product_search_rows WHERE product_id = new.id), new.search_text);
    END""",
    """CREATE TRIGGER product_search_update AFTER UPDATE OF search_text ON products
    WHEN old.search_text <> new.search_text BEGIN
        UPDATE product_search SET words = new.search_text
        WHERE rowid = (SELECT row FROM product_search_rows WHERE product_id = new.id);
    END""",
)


_FIND_NEW_PRODUCTS = (
    """INSERT INTO product_search_rows (product_id)
    SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM product_search_rows)""",
    """INSERT INTO product_search (rowid, words)
    SELECT row, search_text FROM product_search_rows JOIN products ON products.id = product_id
    WHERE row NOT IN (SELECT rowid FROM product_search)""",
)
_OLD = """CREATE TABLE "products" (
    id CHAR(32) NOT NULL, sku VARCHAR(64) NOT NULL, price_minor BIGINT NOT NULL,
    stock_quantity BIGINT NOT NULL, is_active BOOLEAN NOT NULL, created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL, archived_at DATETIME, version BIGINT NOT NULL,
    name VARCHAR(200) NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
    category VARCHAR(100) NOT NULL DEFAULT '', currency VARCHAR(3) NOT NULL DEFAULT '',
    source_version BIGINT, search_text TEXT NOT NULL DEFAULT '',
    CONSTRAINT ck_products_price_minor CHECK (price_minor >= 0),
    CONSTRAINT ck_products_stock_quantity CHECK (stock_quantity >= 0),
    CONSTRAINT pk_products PRIMARY KEY (id), CONSTRAINT uq_products_sku UNIQUE (sku))"""
_NEW = """CREATE TABLE "variants" (
    id CHAR(32) NOT NULL, sku VARCHAR(64) NOT NULL, price_minor BIGINT NOT NULL,
    stock_quantity BIGINT NOT NULL, is_active BOOLEAN NOT NULL, created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL, archived_at DATETIME, version BIGINT NOT NULL,
    product_id CHAR(32) NOT NULL, position BIGINT NOT NULL DEFAULT 1, barcode VARCHAR(64),
    option1 VARCHAR(100) NOT NULL DEFAULT '', option2 VARCHAR(100) NOT NULL DEFAULT '',
    option3 VARCHAR(100) NOT NULL DEFAULT '', option1_key VARCHAR(400) NOT NULL DEFAULT '',
    option2_key VARCHAR(400) NOT NULL DEFAULT '', option3_key VARCHAR(400) NOT NULL DEFAULT '',
    tracks_stock BOOLEAN NOT NULL DEFAULT 1, allows_backorder BOOLEAN NOT NULL DEFAULT 0,
    low_stock_at BIGINT, low_since DATETIME, weight_grams BIGINT,
    CONSTRAINT ck_variants_price_minor CHECK (price_minor >= 0),
    CONSTRAINT ck_variants_stock_quantity CHECK (
        stock_quantity >= 0 OR allows_backorder OR NOT tracks_stock),
    CONSTRAINT fk_variants_product_id FOREIGN KEY(product_id) REFERENCES products (id),
    CONSTRAINT pk_variants PRIMARY KEY (id), CONSTRAINT uq_variants_sku UNIQUE (sku))"""
_MOVED = ("name", "description", "category", "currency", "source_version", "search_text")


def upgrade() -> None:
    """Divide each product into the product and its only variant."""
    _drop_search()
    for names in _LISTS:
        op.drop_index(_list_name(names), "products")
    op.rename_table("products", "variants")
    if _is_postgresql():
        # The new table takes the names of its constraints.
        op.execute("ALTER TABLE variants RENAME CONSTRAINT pk_products TO pk_variants")
        op.execute("ALTER TABLE variants RENAME CONSTRAINT uq_products_sku TO uq_variants_sku")
        op.execute("ALTER TABLE variants DROP CONSTRAINT ck_products_stock_quantity")
        op.execute(
            "ALTER TABLE variants RENAME CONSTRAINT ck_products_price_minor "
            "TO ck_variants_price_minor"
        )
    op.create_table("products", *_product_columns())
    op.execute(
        "INSERT INTO products (id, name, description, category, option_names, sku, price_minor, "
        "availability, variants_count, currency, is_active, source_version, search_text, "
        "created_at, updated_at, archived_at, version) "
        "SELECT id, name, description, category, '[]', sku, price_minor, "
        f"{_AVAILABILITY}, 1, currency, is_active, source_version, search_text, "
        "created_at, updated_at, archived_at, version FROM variants"
    )
    for column in _variant_columns():
        op.add_column("variants", column)
    op.execute("UPDATE variants SET product_id = id")
    for name in _MOVED:
        op.drop_column("variants", name)
    _constrain_variants()
    _refer_to("product_id", "variant_id")
    _create_lists()
    _create_search()


def downgrade() -> None:
    """Make each variant a product of its own, whose name has the values of its options."""
    _drop_search()
    for names in _LISTS:
        op.drop_index(_list_name(names), "products")
    op.drop_index("uq_variants_product_id", "variants")
    op.drop_index("ix_variants_low_since", "variants")
    for column in _old_columns():
        op.add_column("variants", column)
    op.execute(_TAKE_BACK)
    _release_variants()
    for column in _variant_columns():
        op.drop_column("variants", column.name)
    op.drop_table("products")
    op.rename_table("variants", "products")
    _restore_constraints()
    _refer_to("variant_id", "product_id")
    _create_lists()
    _create_search()
    if not _is_postgresql():
        for statement in _FIND_NEW_PRODUCTS:
            op.execute(statement)


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def _product_columns() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("category", sa.String(100), nullable=False),
        sa.Column("option_names", sa.JSON(), nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("availability", sa.String(20), nullable=False),
        sa.Column("variants_count", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("source_version", sa.BigInteger()),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_products_price_minor")),
        sa.CheckConstraint("variants_count >= 1", name=op.f("ck_products_variants_count")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    ]


def _variant_columns() -> list[sa.Column[object]]:
    values = [
        sa.Column(name, sa.String(length), nullable=False, server_default="")
        for names, length in ((_OPTIONS, 100), ([f"{each}_key" for each in _OPTIONS], 400))
        for name in names
    ]
    return [
        sa.Column("product_id", sa.Uuid()),
        sa.Column("position", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("barcode", sa.String(64)),
        *values,
        sa.Column("tracks_stock", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("allows_backorder", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("low_stock_at", sa.BigInteger()),
        sa.Column("low_since", sa.DateTime(timezone=True)),
        sa.Column("weight_grams", sa.BigInteger()),
    ]


def _old_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("name", sa.String(200), nullable=False, server_default=""),
        sa.Column("description", sa.Text(), nullable=False, server_default=""),
        sa.Column("category", sa.String(100), nullable=False, server_default=""),
        sa.Column("currency", sa.String(3), nullable=False, server_default=""),
        sa.Column("source_version", sa.BigInteger()),
        sa.Column("search_text", sa.Text(), nullable=False, server_default=""),
    ]


_VALUES = "".join(f" || CASE WHEN {name} = '' THEN '' ELSE ', ' || {name} END" for name in _OPTIONS)
# A stock below 0, which the older schema does not have, becomes 0.
_TAKE_BACK = f"""UPDATE variants SET
    name = SUBSTR(p.name{_VALUES}, 1, 200), description = p.description, category = p.category,
    currency = p.currency, search_text = p.search_text,
    source_version = CASE WHEN variants.id = p.id THEN p.source_version END,
    stock_quantity = CASE WHEN stock_quantity < 0 THEN 0 ELSE stock_quantity END,
    is_active = variants.is_active AND p.is_active,
    version = CASE WHEN variants.id = p.id THEN p.version ELSE variants.version END,
    archived_at = COALESCE(p.archived_at, variants.archived_at),
    updated_at = CASE WHEN variants.updated_at > p.updated_at THEN variants.updated_at
        ELSE p.updated_at END
    FROM products p WHERE p.id = variants.product_id"""


def _constrain_variants() -> None:
    if _is_postgresql():
        op.alter_column("variants", "product_id", nullable=False)
        op.create_foreign_key(
            "fk_variants_product_id", "variants", "products", ["product_id"], ["id"]
        )
        op.create_check_constraint(
            op.f("ck_variants_stock_quantity"),
            "variants",
            "stock_quantity >= 0 OR allows_backorder OR NOT tracks_stock",
        )
    else:
        _write_schema("variants", _NEW)
    op.create_index(
        "uq_variants_product_id",
        "variants",
        ["product_id", *(f"{name}_key" for name in _OPTIONS)],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
        sqlite_where=sa.text("archived_at IS NULL"),
    )
    op.create_index(
        "ix_variants_low_since",
        "variants",
        ["low_since", "id"],
        postgresql_where=sa.text("low_since IS NOT NULL"),
        sqlite_where=sa.text("low_since IS NOT NULL"),
    )


def _release_variants() -> None:
    """Remove the constraints that hold the columns of variants and the table of products."""
    if _is_postgresql():
        op.drop_constraint("fk_variants_product_id", "variants")
        op.drop_constraint("ck_variants_stock_quantity", "variants")
        return
    rows = op.get_bind().exec_driver_sql("PRAGMA table_info(variants)").all()
    columns = ", ".join(
        f"{name} {kind}{' NOT NULL' if is_required else ''}"
        + ("" if default is None else f" DEFAULT {default}")
        for _, name, kind, is_required, default, _ in rows
    )
    _write_schema(
        "variants",
        f'CREATE TABLE "variants" ({columns}, CONSTRAINT pk_variants PRIMARY KEY (id), '
        "CONSTRAINT uq_variants_sku UNIQUE (sku))",
    )


def _restore_constraints() -> None:
    if not _is_postgresql():
        _write_schema("products", _OLD)
        return
    for name in ("pk_{}", "uq_{}_sku", "ck_{}_price_minor"):
        old, new = name.format("variants"), name.format("products")
        op.execute(f"ALTER TABLE products RENAME CONSTRAINT {old} TO {new}")
    op.create_check_constraint(
        op.f("ck_products_stock_quantity"), "products", "stock_quantity >= 0"
    )


def _write_schema(table: str, definition: str) -> None:
    """Replace the constraints of a table of SQLite, whose rows fulfil them.

    The way of https://www.sqlite.org/lang_altertable.html#otheralter: a table that others refer to
    cannot be copied inside a transaction.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_schema SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": definition, "name": table},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    if broken := connection.exec_driver_sql(f"PRAGMA foreign_key_check({table})").first():
        raise RuntimeError(f"the rows of {table} do not fulfil its constraints: {broken}")


def _refer_to(before: str, after: str) -> None:
    """Rename the columns that refer to what is sold, with the names of their constraints."""
    for table in _REFERRING:
        op.alter_column(table, before, new_column_name=after)
        if _is_postgresql():
            op.execute(
                f"ALTER TABLE {table} RENAME CONSTRAINT fk_{table}_{before} TO fk_{table}_{after}"
            )
    for table, rest in (("stock_movements", ["created_at", "id"]), ("order_items", [])):
        old, new = ("_".join(["ix", table, each, *rest]) for each in (before, after))
        if _is_postgresql():
            op.execute(f"ALTER INDEX {old} RENAME TO {new}")
        else:
            _rename_index(old, new)


def _rename_index(old: str, new: str) -> None:
    """Rename an index of SQLite, which has no statement for it, without building it again."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET name = :new, sql = replace(sql, :old, :new) "
            "WHERE type = 'index' AND name = :old"
        ),
        {"old": old, "new": new},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _list_name(names: tuple[str, ...]) -> str:
    return "_".join(["ix_products", *names])


def _create_lists() -> None:
    for names in _LISTS:
        op.create_index(_list_name(names), "products", list(names))


def _drop_search() -> None:
    if _is_postgresql():
        op.execute("DROP INDEX ix_products_search")
    else:
        op.execute("DROP TRIGGER product_search_update")
        op.execute("DROP TRIGGER product_search_insert")


def _create_search() -> None:
    """Index the words of products again; on SQLite, only what keeps the index up to date."""
    if _is_postgresql():
        op.execute(
            "CREATE INDEX ix_products_search ON products "
            "USING gin (to_tsvector('simple', search_text))"
        )
        return
    for trigger in _TRIGGERS:
        op.execute(trigger)
