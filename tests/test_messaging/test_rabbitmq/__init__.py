"""Tests of messages over RabbitMQ."""
