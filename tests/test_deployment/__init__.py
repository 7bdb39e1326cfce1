"""What is not Python, and runs the shop: containers, manifests, alerts, dashboards."""
