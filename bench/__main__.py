"""`python -m bench`: measure intake, print the table, write the JSON."""

import sys

from bench.intake import main

sys.exit(main())
