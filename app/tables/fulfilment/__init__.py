"""Tables of the shipped, cancelled and returned units of orders."""
