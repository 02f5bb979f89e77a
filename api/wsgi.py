"""What a WSGI server loads."""

from api.app import create_app
from core.config import read_config
from core.logs import set_up_logs

config = read_config()
set_up_logs(config.log_level)
app = create_app(config)
