"""Within /v1 we only add: does today's contract keep what the last release promised?

    for fault in breaks(released, todays, date.today()):
        print(fault)

Pure: two OpenAPI documents and a day go in, sentences come out. operations.py looks at what can be called, requests.py at what
clients send (it may only get wider), answers.py at what they read (it may only get more), sunset.py at what was announced to go.
"""

from api.breaking.operations import breaks

__all__ = ["breaks"]
