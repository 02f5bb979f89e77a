"""The desk: where reports go, who gets them, what they are about, and what staff write about them."""
