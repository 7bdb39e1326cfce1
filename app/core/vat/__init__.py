"""Numbers by which states identify businesses that charge value added tax."""
