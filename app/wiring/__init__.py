"""The composition root: what a process has, and how its objects are put together."""
