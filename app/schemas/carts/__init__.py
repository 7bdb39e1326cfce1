"""Documents of carts."""
