"""Tests of the steps by which messages are applied."""
