"""Kills whatever works on messages while it works, and checks that nothing is lost or doubled."""
