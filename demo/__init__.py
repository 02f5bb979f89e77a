"""The demo town: an invented place, made from a seed. Needs no database and imports no other room."""
