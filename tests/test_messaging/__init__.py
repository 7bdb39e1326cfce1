"""Commands that arrive as messages, on every transport."""
