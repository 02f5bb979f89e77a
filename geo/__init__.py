"""Where. Metres; lon, lat. The only room with ST_ in it."""
