"""HTTP routes: one class per resource, one line per handler."""
