"""What buyers do in a real browser."""
