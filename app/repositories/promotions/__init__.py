"""Queries over promotions, their coupons and redemptions."""
