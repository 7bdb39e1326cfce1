"""Tests of the middleware, which handles every request before its handler."""
