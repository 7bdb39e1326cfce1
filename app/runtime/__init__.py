"""The start, the background tasks and the heartbeat of a process."""
