"""Promotions and coupons: requests and responses."""
