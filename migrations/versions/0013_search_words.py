"""The words of the search index are spelled alike for both databases, in every script."""

import sqlalchemy as sa
from alembic import op

from app.core.search_words import search_text

revision = "0013"
down_revision = "0012"

_AT_ONCE = 1_000
_products = sa.table(
    "products",
    *(sa.column(name) for name in ("id", "name", "sku", "category", "description", "search_text")),
)


def upgrade() -> None:
    """Spell the words of all products again, in batches; their search index follows by itself."""
    connection = op.get_bind()
    columns = _products.c
    last = None
    while True:
        batch = sa.select(_products).order_by(columns.id).limit(_AT_ONCE)
        rows = connection.execute(batch if last is None else batch.where(columns.id > last)).all()
        if not rows:
            return
        last = rows[-1].id
        changed = [
            {"row_id": row.id, "words": words}
            for row in rows
            if (words := search_text(row.name, row.sku, row.category, row.description))
            != row.search_text
        ]
        if changed:
            connection.execute(
                sa.update(_products)
                .where(columns.id == sa.bindparam("row_id"))
                .values(search_text=sa.bindparam("words")),
                changed,
            )


def downgrade() -> None:
    """Leave the words: the previous release finds those that consist of ASCII letters."""
