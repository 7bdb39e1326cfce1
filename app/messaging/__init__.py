"""Commands that arrive as messages: one way to apply, retry and park them on every transport."""
