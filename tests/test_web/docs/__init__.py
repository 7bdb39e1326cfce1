"""The documents of HTTP and of messages, and their pages."""
