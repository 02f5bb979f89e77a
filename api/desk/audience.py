"""The routes of the desk."""

from api.blueprints import Audience

desk = Audience("desk", __name__, description="Dispatchers: where reports go and who gets them")
