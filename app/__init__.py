"""A headless shop backend: users, products, orders and reports."""

import gc

# The imports create a hundred thousand objects that live as long as the process. With the default
# threshold of 700 new objects, the garbage collector examines them hundreds of times, which takes a
# tenth of the time.
gc.set_threshold(50_000, 20, 50)

__version__ = "0.1.0"
