"""The other door: work that nobody waits for."""
