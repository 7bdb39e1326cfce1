"""Responses: documents, problems, CSV, charts, metrics."""
