"""The clocks of reports: service targets in working time, what is due, and who hears of it."""
