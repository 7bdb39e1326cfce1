"""A shop that trades under a moved clock, and reports computed again from its documents."""
