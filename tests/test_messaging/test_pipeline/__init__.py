"""Tests of the pipeline that applies messages."""
