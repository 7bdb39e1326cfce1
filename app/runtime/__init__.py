"""What a process is made of: its start, its background tasks, its heartbeat."""
