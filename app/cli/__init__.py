"""The console script `lavka`, one module a command."""
