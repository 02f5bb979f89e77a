"""What the contract says of itself, and what holds for every operation."""

import copy
from typing import Any

# Of the contract, not of the program: `mendway release-contract` keeps a copy under this number. Raise the second number
# with the first addition after a release, the third for words only.
VERSION = "1.1.0"

DESCRIPTION = """\
Reports of what is broken in a town: send, follow, work on. docs/app-developers.md walks through it from the first request.

**What clients can rely on.** Within /v1 we only add: members to answers, optional members and parameters to requests, codes,
operations. Clients ignore members and codes that they do not know. What will go away says so for 12 months before: it is
marked `deprecated` here, and its answers carry `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).

**Problems.** Every error is a problem document (RFC 9457). Decide by `type`, whose address explains it, and by `retry`:
`never` means change it first, `same` send the same again at once, `later` send the same again after `Retry-After`.

**Retries.** A create carries an `Idempotency-Key` made by the client. Sent again with the same key and body it makes nothing
new and gives the first answer again. A change carries `If-Match` with the version that was seen.

**Lists.** `items` and `next`. While `next` is not null, ask again with it as `cursor` and everything else as before.

**Apps.** An app says who it is with every request, `App-Version: ios/1.4.2` or `android/1.4.2`; what follows a space, `+`, `-`, `;` or `(`
is not read. Below the town's minimum it gets the problem `app-too-old`, while the town is closed everybody gets `maintenance`: in
both cases nothing was stored and the same request is good later. GET /v1/config always answers and tells of both. A missing header, one
that cannot be read and other platforms are let through.

**Languages.** Texts are in the language that `Accept-Language` likes best of those that the town has, and else in the town's
first; `Content-Language` says which it is.

**Times.** RFC 3339 with a zone on the way in, UTC with `Z` on the way out. **Places** are longitude and latitude in degrees
(EPSG:4326), in that order.

Every answer has an `X-Request-Id`, which can be sent along too.
"""

_OPTIONS: dict[str, Any] = {
    "info": {
        "summary": "What apps, crews and staff of a town's 311 talk to",
        "description": DESCRIPTION,
        "contact": {"name": "The developers of Mendway"},
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "servers": [{"url": "/", "description": "This town"}],
    "components": {
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A phone's own secret once it is registered (PUT /v1/devices/{device_id}), or a staff member's token.",
            }
        }
    },
}


def spec_options() -> dict[str, Any]:
    """A copy for one application: flask-smorest writes into it."""
    return copy.deepcopy(_OPTIONS)
