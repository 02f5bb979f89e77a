"""Telling people: who should hear, in which words, and how it gets there."""
