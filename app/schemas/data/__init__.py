"""Import of files, and export and erasure of personal data."""
