"""Drafts: orders that staff writes for customers, and places when they agree."""
