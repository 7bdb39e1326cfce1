"""The composition root: the resources of a process and the construction of its services."""
