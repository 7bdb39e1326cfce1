"""The pages of products, stock, reports and operations."""
