"""Tests of the shop, laid out as the application is."""

import os
import sys

# The tests start the shop in hundreds of processes, and to compile it takes each a third of its
# start. Images for containers often forbid to keep what was compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
