"""HTTP and the command line: who is asking. The only room that knows Flask."""
