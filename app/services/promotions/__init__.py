"""Promotions and coupons: how they are set, offered and used."""
