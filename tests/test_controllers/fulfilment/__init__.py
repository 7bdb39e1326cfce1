"""Tests of the fulfilment of paid orders: shipments and returns."""
