"""Documents for customers, drawn from a single row."""
