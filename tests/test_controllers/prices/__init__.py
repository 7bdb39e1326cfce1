"""Price lists and their prices, over HTTP."""
