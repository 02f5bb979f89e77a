"""The desk's queue over HTTP."""
