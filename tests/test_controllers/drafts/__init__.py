"""Drafts of orders over HTTP."""
