"""Outbox, inbox, dead letters and operations."""

from litestar.openapi.spec import Tag

from app.controllers.messaging.dead_letter_controller import DeadLetterController
from app.controllers.messaging.operation_controller import OperationController

CONTROLLERS = (OperationController, DeadLetterController)
TAGS = (Tag("operations", "Asynchronous commands and failed messages."),)
