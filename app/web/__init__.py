"""The HTTP layer around the handlers: middleware, rendering, documentation."""
