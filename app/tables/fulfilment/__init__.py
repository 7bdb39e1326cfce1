"""Tables of what became of the lines of orders: shipped, cancelled or returned."""
