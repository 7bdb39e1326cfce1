"""What a contributor runs: checks, and the makers of files that are in the repository."""
