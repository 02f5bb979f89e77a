"""Measurements, as ratios in one run on one machine; never tests. `make bench`."""
