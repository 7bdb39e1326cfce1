"""The driver of SQLite, which runs short statements on the event loop."""
