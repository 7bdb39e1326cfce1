"""Tests of the files that run the shop: containers, manifests, alerts, dashboards."""
