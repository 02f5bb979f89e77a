"""The tables of town.toml that are kept by code: departments, bodies, crews, groups, categories, rules, staff."""

from actions.catalogue.parts import Part
from actions.catalogue.plan import Values
from actions.catalogue.questions import read_questions, read_stop
from domain.rights import PEOPLE

LARGEST_BLUR_M = 5_000
MOST_SHOWN = 12  # of the areas that there are
STAFF_ROLES = tuple(role for role in PEOPLE if role != "resident")
LIMITED_ROLES = ("dispatcher", "supervisor", "analyst")  # to some departments; an admin has all, a crew its own


class Places:
    """The layers, the codes of the areas in those whose files could be read, and which layers every report keeps."""

    def __init__(self, layers: set[str], codes: dict[str, set[str]], stamped: set[str]):
        self.layers = layers
        self.codes = codes
        self.stamped = stamped

    def check_stamped(self, part: Part, key: str, place: str) -> None:
        """The same for a place that is compared with what reports keep: of another layer none would ever match."""
        self.check(part, key, place)
        layer = place.partition(":")[0]
        if layer in self.layers and layer not in self.stamped:
            part.wrong(key, "not-stamped", value=layer, known=sorted(self.stamped))

    def check(self, part: Part, key: str, place: str) -> None:
        """Note what is wrong with "layer:code"."""
        layer, colon, code = place.partition(":")
        if layer not in self.layers:
            part.no_such(key, "layer", layer)
        elif not colon:
            part.wrong(key, "not-an-area", value=place)
        elif layer in self.codes and code not in self.codes[layer]:
            known = sorted(self.codes[layer])
            more = len(known) - MOST_SHOWN
            says = "unknown-area-of-many" if more > 0 else None
            counted = {"more": more} if more > 0 else {}
            part.wrong(key, "unknown-area", says, layer=layer, value=code, known=known[:MOST_SHOWN], **counted)


def read_named(part: Part) -> Values:
    values: Values = {"name": part.words("name")}
    part.finish()
    return values


def read_department(part: Part) -> Values:
    values: Values = {"name": part.words("name"), "phone": part.text("phone", longest=40), "email": part.text("email")}
    if values["email"] is not None and "@" not in values["email"]:
        part.wrong("email", "not-an-email", value=values["email"])
    part.finish()
    return values


def read_body(part: Part) -> Values:
    values: Values = {
        "name": part.words("name"),
        "url": part.address("url"),
        "phone": part.text("phone", longest=40),
        "open311": part.address("open311"),
    }
    part.finish()
    return values


def read_crew(part: Part, departments: dict[str, Part]) -> Values:
    values: Values = {
        "name": part.text("name", required=True),
        "department": part.reference("department", departments, "department", required=True),
    }
    part.finish()
    return values


def read_category(part: Part, groups: dict[str, Part], places: Places) -> Values:
    values: Values = {
        "group": part.reference("group", groups, "group"),
        "name": part.words("name"),
        "description": part.words("description", required=False),
        "public": part.flag("public", default=True),
        "blur_m": part.whole("blur_m", 0, 0, LARGEST_BLUR_M),
        "areas": part.texts("areas"),
        "stop": read_stop(part),
        "questions": read_questions(part),
    }
    for place in values["areas"]:
        places.check(part, "areas", place)
    part.finish()
    return values


def read_rule(part: Part, coded: dict[str, dict[str, Part]], places: Places) -> Values:
    values: Values = {
        "priority": part.whole("priority", 0, -1_000_000, 1_000_000),
        "category": part.reference("category", coded["categories"], "category"),
        "group": part.reference("group", coded["groups"], "group"),
        **_where(part, coded["layers"], places),
        "department": part.reference("department", coded["departments"], "department"),
        "body": part.reference("body", coded["external_bodies"], "body"),
    }
    if part.has("category") and part.has("group"):
        part.wrong("", "not-both", "category-and-group")
    if part.has("department") == part.has("body"):
        part.wrong("", "one-target")
    part.finish()
    return values


def _where(part: Part, layers: dict[str, Part], places: Places) -> Values:
    """One area, or any area of a layer (which `area` may also name, without a colon), or neither: the whole town."""
    layer = part.reference("layer", layers, "layer")
    area = part.text("area")
    if part.has("layer") and part.has("area"):
        part.wrong("", "not-both", "layer-and-area")
    elif area is not None and ":" not in area and area in layers:
        return {"layer": area, "area": None}
    elif area is not None:
        places.check(part, "area", area)
    return {"layer": layer, "area": area}


def read_member(part: Part, coded: dict[str, dict[str, Part]], places: Places) -> Values:
    values: Values = {
        "name": part.text("name", required=True),
        "role": part.one_of("role", STAFF_ROLES),
        "crew": part.reference("crew", coded["crews"], "crew"),
        "department": part.reference("department", coded["departments"], "department"),
        "departments": part.texts("departments"),
        "areas": part.texts("areas"),
    }
    for code in values["departments"]:
        if code not in coded["departments"]:
            part.no_such("departments", "department", code)
    for place in values["areas"]:
        places.check_stamped(part, "areas", place)
    role = values["role"]
    if role == "crew" and not part.has("crew"):
        part.wrong("crew", "required", "crew-needed")
    if role is not None and role != "crew" and part.has("crew"):
        part.wrong("crew", "not-for-this-role", "no-crew-for-role", role=role)
    for key in ("department", "departments"):
        if role is not None and role not in LIMITED_ROLES and values[key]:
            part.wrong(key, "not-for-this-role", "no-department-for-role", role=role)
    if role == "admin" and values["areas"]:
        part.wrong("areas", "not-for-this-role", "no-areas-for-role", role=role)
    part.finish()
    return values
