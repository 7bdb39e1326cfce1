"""The tables of the shop by area, with the rules that concern a single row."""
