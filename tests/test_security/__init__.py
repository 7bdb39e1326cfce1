"""Who may do what, and what a caller cannot do by any trick."""
