"""Audit trail, mail, idempotency, health and clock."""
