"""A shop that trades under a moved clock, and its days, computed again from its documents."""
