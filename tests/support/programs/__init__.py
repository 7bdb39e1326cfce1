"""Programs of the shop that start in milliseconds: forks of a process that has imported it."""
