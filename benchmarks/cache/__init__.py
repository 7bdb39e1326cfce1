"""Races, staleness and outages of the cache, measured on their own servers."""
