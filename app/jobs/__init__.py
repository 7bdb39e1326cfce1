"""What the processes of the shop do by themselves."""
