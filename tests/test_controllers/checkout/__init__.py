"""The checkout of carts over HTTP."""
