"""The console script `lavka`, with one module for each command."""
