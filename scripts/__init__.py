"""Programs for contributors: checks, and generators of files in the repository."""
