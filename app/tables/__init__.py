"""The tables of the shop by area, with the rules that one row can judge."""
