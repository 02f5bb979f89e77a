"""Administration: the town's catalogue, item by item, as `mendway apply` brings it in as a whole; keys, tokens, history."""
