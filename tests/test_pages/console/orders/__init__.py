"""The pages of orders of the console."""
