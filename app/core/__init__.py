"""Terms that every layer shares: time, days, ids, money, countries."""
