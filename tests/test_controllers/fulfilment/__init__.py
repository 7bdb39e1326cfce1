"""Tests of what becomes of paid orders: their shipments."""
