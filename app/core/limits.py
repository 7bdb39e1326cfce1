"""Limits that apply to HTTP requests and messages."""

MAX_BODY_BYTES = 256 * 1024
"""The maximum size of the body of a request or a message."""

MAX_BULK_BODY_BYTES = 2 * 1024 * 1024
"""The maximum size of the body of many products at once, as a request or a message."""
