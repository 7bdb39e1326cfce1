"""Races, staleness and outages of the cache, measured on servers of their own."""
