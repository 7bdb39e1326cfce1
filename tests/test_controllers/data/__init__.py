"""Tests of exports and erasures of personal data."""
