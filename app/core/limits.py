"""Limits that apply to HTTP requests and messages."""

MAX_BODY_BYTES = 256 * 1024
"""The maximum size of the body of a request or a message."""
