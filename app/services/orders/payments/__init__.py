"""The money of orders: payments, refunds, and the calls of providers."""
