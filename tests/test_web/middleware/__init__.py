"""What every request meets before its handler."""
