"""Tests of the shop, in the same structure as the application."""

import os
import sys

# The tests start the shop in hundreds of processes, and compilation takes a third of each start.
# Images for containers often disable the storage of compiled files.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
