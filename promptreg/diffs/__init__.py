"""Differences between texts, and between two contents of a prompt; pure."""
