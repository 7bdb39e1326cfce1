"""Tests of concurrent checkouts, and of checkouts and payments at the time of expiry."""
