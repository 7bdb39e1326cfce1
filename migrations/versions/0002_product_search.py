"""The search index over the words of a product: text search on PostgreSQL, FTS5 on SQLite."""

from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite may renumber the rowids of a table without an INTEGER PRIMARY KEY when it is vacuumed, so
# the search rows hang on a table of their own and not on the products' rowids.
_SQLITE = (
    "CREATE TABLE product_search_rows (row INTEGER PRIMARY KEY, product_id CHAR(32) NOT NULL UNIQUE)",
    "CREATE VIRTUAL TABLE product_search USING fts5(words, prefix='2 3', tokenize='unicode61 remove_diacritics 0')",
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
    "INSERT INTO product_search_rows (product_id) SELECT id FROM products",
    """INSERT INTO product_search (rowid, words)
    SELECT row, search_text FROM product_search_rows JOIN products ON products.id = product_id""",
)


def upgrade() -> None:
    """Build the index over the products that are there."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX ix_products_search ON products USING gin (to_tsvector('simple', search_text))"
        )
        return
    for statement in _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Drop the index and what keeps it up to date."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_products_search")
        return
    op.execute("DROP TRIGGER product_search_update")
    op.execute("DROP TRIGGER product_search_insert")
    op.execute("DROP TABLE product_search")
    op.execute("DROP TABLE product_search_rows")
