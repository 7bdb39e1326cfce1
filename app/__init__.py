"""A headless shop backend: users, products, orders and reports."""

import gc

# Importing makes a hundred thousand objects that live as long as the process. With the default of
# 700 new objects, the collector looks through them hundreds of times, a tenth of the time.
gc.set_threshold(50_000, 20, 50)

__version__ = "0.1.0"
