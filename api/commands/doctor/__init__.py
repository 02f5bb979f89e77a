"""doctor: looks at a deployment and says in words what is wrong and what to do. Each check is one small function."""
