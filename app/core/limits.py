"""Limits that apply to HTTP requests, messages, carts and orders."""

MAX_BODY_BYTES = 256 * 1024
"""The maximum size of the body of a request or a message."""

MAX_BULK_BODY_BYTES = 2 * 1024 * 1024
"""The maximum size of a request or a message that contains many products."""

MAX_LINES = 100
"""The maximum number of lines of a cart or an order."""

MAX_LINE_QUANTITY = 1_000
"""The maximum number of units of a line."""

MAX_OPTIONS = 3
"""The maximum number of options of a product; variants have one column for each option."""
