"""Promotions and coupons: their administration, their offers and their uses."""
