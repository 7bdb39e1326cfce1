"""Tests of databases that are locked, read-only, full or down."""
