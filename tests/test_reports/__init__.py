"""Tests of daily reports."""
