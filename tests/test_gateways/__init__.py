"""Tests of the stores of files and the providers of payments."""
