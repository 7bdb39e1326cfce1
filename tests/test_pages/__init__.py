"""Pages for buyers and staff."""
