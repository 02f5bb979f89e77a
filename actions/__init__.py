"""What people can do. One verb family per file; takes a session, never commits."""
