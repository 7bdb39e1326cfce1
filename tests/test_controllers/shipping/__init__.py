"""Tests of the routes of shipping methods."""
