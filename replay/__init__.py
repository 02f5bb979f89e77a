"""A city's published requests, sent as residents' phones would send them. An HTTP client: it imports no room of ours."""
