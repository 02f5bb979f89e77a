"""`python -m api.commands`."""

import sys

from api.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
