"""What the stories stand on: a server, a town, callers, a checker of the contract, builders."""
