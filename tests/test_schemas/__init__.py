"""Tests of app/schemas."""
