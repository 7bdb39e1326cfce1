"""The stores of files."""
