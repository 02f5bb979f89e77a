"""What a WSGI server loads. `mendway serve` starts one; whoever starts another gets the same guard."""

import gc

from api.app import create_app
from api.exposure import Exposed, FirstLook, stay_inside
from core.config import read_config
from core.logs import set_up_logs

OBJECTS_BETWEEN_COLLECTIONS = 50_000  # made and not yet freed

config = read_config()
set_up_logs(config.log_level)
app = create_app(config)
try:
    stay_inside(config)
except Exposed as fault:
    raise SystemExit(str(fault)) from None
app.wsgi_app = FirstLook(app.wsgi_app, config)  # type: ignore[method-assign]

# What exists now lives as long as the process. The collector need not walk it again and again: that took a tenth of a report's time.
gc.collect()
gc.freeze()
gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
