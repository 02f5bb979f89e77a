"""One action on many reports: tried first, done in chunks by the worker, with a result for each report, and undone."""
