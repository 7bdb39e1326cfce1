"""Examples of programs that use the shop."""
