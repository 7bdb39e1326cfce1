"""Tests of app/repositories."""
