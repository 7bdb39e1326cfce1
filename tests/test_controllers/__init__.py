"""Tests of app/controllers."""
