"""The kill test of a foreign producer through a proxy."""
