"""Terms shared by all layers: time, days, ids, money, countries."""
