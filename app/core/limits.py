"""Limits that hold for every way into the shop."""

MAX_BODY_BYTES = 256 * 1024
"""The largest body of a request or of a message."""
