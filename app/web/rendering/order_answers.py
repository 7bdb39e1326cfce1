"""The response to a request for an order, which is stored if the request has a key."""

from app.errors import DomainError
from app.schemas.orders.order_schema import OrderRead
from app.services.system.idempotency_service import Answer
from app.web.rendering.problems import answer_of_refusal
from app.web.rendering.responses import answer_of_new


def answer_of_order(outcome: OrderRead | DomainError) -> Answer:
    """Return the response with an order, or with its refusal."""
    if isinstance(outcome, DomainError):
        return answer_of_refusal(outcome)
    return answer_of_new(outcome, f"/api/v1/orders/{outcome.id}")
