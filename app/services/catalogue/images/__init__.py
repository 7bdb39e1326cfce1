"""The images of products: their upload, their rendering, their order."""
