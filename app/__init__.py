"""A headless shop backend: users, products, orders and reports."""

import gc

# The start creates a quarter of a million objects, of which one in a hundred becomes garbage. With
# the default threshold of 700 new objects, the garbage collector examines them hundreds of times,
# which takes a tenth of the time. `freeze_heap` sets the final threshold.
gc.set_threshold(500_000, 20, 50)

__version__ = "0.1.0"
