"""What an answer is made of: documents, problems, CSV, charts, metrics."""
