"""Queries over the tokens by which guests prove their e-mail addresses."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.models import GuestProof
from app.repositories.base import Repository
from app.repositories.bulk import among


class GuestProofRepository(Repository[GuestProof]):
    """The proofs of guests that have not expired."""

    model = GuestProof

    async def find(self, digest: bytes, now: datetime) -> GuestProof | None:
        """Return the proof with a token, if it is valid."""
        query = select(GuestProof).where(
            GuestProof.token_digest == digest, GuestProof.expires_at > now
        )
        proof: GuestProof | None = await self.session.scalar(query)
        return proof

    async def locked_of(self, email_key: str) -> Sequence[GuestProof]:
        """Return the proofs of the addresses with a key, locked in the order of their ids."""
        query = select(GuestProof).where(GuestProof.email_key == email_key).order_by(GuestProof.id)
        return (await self.session.scalars(query.with_for_update())).all()

    async def delete_all(self, ids: Collection[UUID]) -> None:
        """Delete proofs."""
        chosen = among(self.session, GuestProof.id, ids)
        await self.session.execute(delete(GuestProof).where(chosen))

    async def delete_expired(self, now: datetime) -> None:
        """Delete the proofs that have expired."""
        await self.session.execute(delete(GuestProof).where(GuestProof.expires_at <= now))
