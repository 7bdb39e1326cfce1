"""The documents of the API and of the messages, and their pages."""
