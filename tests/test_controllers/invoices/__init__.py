"""Tests of payments through the API."""
