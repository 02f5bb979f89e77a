"""One machine: everything `make run` and `make test` need beside our own code. Knows nothing of the city."""
