"""Documents for customers, drawn from a row alone."""
