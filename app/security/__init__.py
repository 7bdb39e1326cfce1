"""Passwords, tokens, principals, rate limits and the identity cache."""
