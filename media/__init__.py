"""Photos: taking in, making safe, keeping."""
