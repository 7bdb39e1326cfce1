"""Kills processes while they apply messages, and checks that no message is lost or doubled."""
