"""Second step of the pipeline: distinguishes new messages from those that were applied before."""

from collections.abc import Sequence
from datetime import timedelta

from app.errors import NotAppliedAgain
from app.messaging.decode import Decoded, Refusal
from app.services.messaging.inbox_service import RETENTION, InboxService

# RabbitMQ returns a message that a consumer has not acknowledged for half an hour.
_REDELIVERY_WINDOW = timedelta(hours=1)


async def claim(
    inbox: InboxService, decoded: Sequence[Decoded]
) -> tuple[list[Decoded], list[Refusal]]:
    """Insert messages into the inbox; return the new ones, and those that are ambiguous.

    A message that was applied before is in neither list and is not applied again.
    """
    named, refused = await _unambiguous(inbox, decoded)
    if not named:
        return [], refused
    queue = named[0].delivery.queue
    first: dict[str, Decoded] = {}
    for each in named:
        first.setdefault(each.message_id, each)
    claimed = await inbox.claim(
        queue, {message_id: each.delivery.digest for message_id, each in first.items()}
    )
    fresh = [each for message_id, each in first.items() if message_id in claimed]
    # A message that is in the batch twice is applied once.
    known = [
        each
        for each in named
        if each.message_id not in claimed or each is not first[each.message_id]
    ]
    digests = await inbox.digests_of(queue, {each.message_id for each in known})
    reason = "another message with its message_id was applied"
    refused += [
        Refusal(each.delivery, NotAppliedAgain(reason))
        for each in known
        if digests[each.message_id] != each.delivery.digest
    ]
    return fresh, refused


async def _unambiguous(
    inbox: InboxService, decoded: Sequence[Decoded]
) -> tuple[list[Decoded], list[Refusal]]:
    """Refuse redelivered messages without an id that may have been applied."""
    named: list[Decoded] = []
    refused: list[Refusal] = []
    reason = (
        "it has no message_id and was redelivered, and a message with the same body was applied: "
        "it is unknown whether it was this one"
    )
    for each in decoded:
        delivery = each.delivery
        # A message that the broker returned may have been delivered at any earlier time.
        within = RETENTION if delivery.returned_for else _REDELIVERY_WINDOW
        if (
            delivery.message_id is None
            and delivery.is_redelivered
            and await inbox.has_similar(delivery.queue, delivery.digest, within)
        ):
            refused.append(Refusal(delivery, NotAppliedAgain(reason)))
        else:
            named.append(each)
    return named, refused
