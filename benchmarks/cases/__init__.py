"""The cases of the benchmark by use case; `registry` has their list."""
