"""Import of files; export and erasure of personal data."""
