"""Users, addresses, log-ins and API keys."""
