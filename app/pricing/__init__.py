"""Arithmetic of money: the price of a cart, without I/O, clock or models."""
