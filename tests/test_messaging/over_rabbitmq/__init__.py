"""Tests of over rabbitmq."""
