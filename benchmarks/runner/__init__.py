"""How cases are measured beside their references, and how the outcome is written."""
