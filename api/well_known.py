"""Which apps may open this town's links, as phones ask for it.

Sources: Apple, "Supporting associated domains"; Google, "Configure website associations and dynamic rules" (both read 2026-11).
"""

import orjson
from flask import Blueprint, Response

from api.auth import open_to_all
from api.town import town
from domain.errors import NotFound

well_known = Blueprint("well_known", __name__)

# The only addresses that an app opens.
LINKS = [{"/": "/r/*", "comment": "Pages of reports"}, {"/": "/m/*", "comment": "Links in mails"}]
RELATION = "delegate_permission/common.handle_all_urls"
KEEP_S = 3600


@well_known.get("/.well-known/apple-app-site-association")
@open_to_all
def apple_app_site_association() -> Response:
    """The iPhone apps of the town; 404 when it has none"""
    ids = (town().app.get("ios") or {}).get("ids")
    if not ids:
        raise NotFound()
    return _json({"applinks": {"details": [{"appIDs": ids, "components": LINKS}]}})


@well_known.get("/.well-known/assetlinks.json")
@open_to_all
def asset_links() -> Response:
    """The Android app of the town; 404 when it has none, or its signing certificate is not known"""
    android = town().app.get("android") or {}
    if not android.get("package") or not android.get("fingerprints"):
        raise NotFound()
    target = {
        "namespace": "android_app",
        "package_name": android["package"],
        "sha256_cert_fingerprints": android["fingerprints"],
    }
    # Since Android 15 the addresses stand here too; before, the manifest alone names them, and the rest is not read.
    components = [*LINKS, {"/": "*", "exclude": True}]
    extensions = {RELATION: {"dynamic_app_link_components": components}}
    return _json([{"relation": [RELATION], "target": target, "relation_extensions": extensions}])


def _json(document: object) -> Response:
    answer = Response(orjson.dumps(document), content_type="application/json")
    answer.headers["Cache-Control"] = f"public, max-age={KEEP_S}"
    return answer
