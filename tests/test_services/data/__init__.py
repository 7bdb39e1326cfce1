"""Tests of the export and erasure of personal data."""
