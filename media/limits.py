"""How large a photo may be. Apps shrink theirs before they send it."""

PHOTO_COUNT = 5  # of one report
PHOTO_LONG_EDGE_PX = 2048  # more shows nothing that a crew needs
PHOTO_BYTES = 10 * 1024 * 1024
