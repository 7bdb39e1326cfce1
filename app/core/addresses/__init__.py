"""How the addresses of each country are written, and what they consist of."""
