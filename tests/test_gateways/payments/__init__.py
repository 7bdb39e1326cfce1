"""Tests of the providers of payments."""
