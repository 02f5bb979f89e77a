"""The command line for operators: `./mendway VERB`, one file a subject. Each verb is one transaction and one clear answer."""
