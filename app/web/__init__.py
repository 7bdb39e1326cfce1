"""What every HTTP request meets: limits, idempotency, problems, documentation."""
