"""Arithmetic of money: what a cart costs, without I/O, clock or models."""
