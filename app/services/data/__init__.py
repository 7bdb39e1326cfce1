"""Import of files, export and erasure of persons."""
