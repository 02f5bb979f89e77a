"""The floor: configuration, database, queue, logs. No city words."""
