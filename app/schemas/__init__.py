"""The schemas of requests, responses and messages, validated by Pydantic."""
