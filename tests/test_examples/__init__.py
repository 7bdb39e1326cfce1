"""Tests of the programs of others."""
