"""Programs of others, who talk with the shop."""
