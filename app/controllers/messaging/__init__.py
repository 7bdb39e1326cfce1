"""Outbox, inbox, dead letters and operations."""
