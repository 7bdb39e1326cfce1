"""Errands wait to be done outside of a transaction; products get images, which are rendered so."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_IS_KEPT = sa.text("status <> 'removed'")


def upgrade() -> None:
    """Create the tables, and the column of what lists show."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "errands",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(200)),
        sa.Column("given_up_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("kind", "subject_id", name=op.f("pk_errands")),
    )
    op.create_index("ix_errands_kind_due_at", "errands", ["kind", "due_at"])
    op.create_table(
        "images",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("alt", sa.String(200), nullable=False),
        sa.Column("original_type", sa.String(20), nullable=False),
        sa.Column("original_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("colour", sa.String(7)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_images_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
    )
    op.create_index("ix_images_product_id_position_id", "images", ["product_id", "position", "id"])
    op.create_index(
        "uq_images_product_id",
        "images",
        ["product_id", "sha256"],
        unique=True,
        postgresql_where=_IS_KEPT,
        sqlite_where=_IS_KEPT,
    )
    op.create_table(
        "renditions",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_renditions_image_id")),
        sa.PrimaryKeyConstraint("image_id", "width", name=op.f("pk_renditions")),
    )
    op.add_column("products", sa.Column("image", sa.JSON()))


def downgrade() -> None:
    """Drop the tables."""
    op.drop_column("products", "image")
    op.drop_table("renditions")
    op.drop_table("images")
    op.drop_table("errands")
