"""Image files for tests: made, uploaded and rendered."""
