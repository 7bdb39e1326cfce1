"""Tests of the benchmark's own logic: nothing is measured."""
