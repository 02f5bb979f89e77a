"""Bringing a town in and giving it back: town.toml and area files to what is in force, and the other way round."""
