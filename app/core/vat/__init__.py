"""Numbers by which states identify those who charge value added tax."""
