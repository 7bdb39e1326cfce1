"""Who may do what: every route by every caller, and no way around it."""
