"""Tests of the shop, laid out as the application is."""
