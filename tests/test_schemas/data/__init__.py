"""Tests of the schemas of imports and exports."""
