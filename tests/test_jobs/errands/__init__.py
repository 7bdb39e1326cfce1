"""Errands: the loop that does them, and the handlers of their kinds."""
