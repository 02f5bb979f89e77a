"""Who somebody is: passwords, and others who vouch for people. Knows no request and no report."""
