"""Tests of users, log-ins, addresses and API keys."""
