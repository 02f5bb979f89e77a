"""A town in a language that the program has no texts in: its own words in that language, the program's in the next one."""

import pytest

from api import words
from api.town import forget_town


@pytest.fixture(autouse=True)
def our_own_fallback():
    yield
    words.fall_back_to(("en",))


def test_a_french_reader_of_a_spanish_and_french_town_reads_what_we_know_in_spanish(
    client, resident, a_report, database
):
    report = a_report()
    database.execute('UPDATE jurisdiction SET languages = \'{es,fr}\', name = \'{"es": "Villa", "fr": "Ville"}\'')
    forget_town()

    town = client.get("/v1/config", language="fr")["town"]["name"]
    refused = client.send("GET", "/v1/reports/018f0000-0000-7000-8000-000000000000", language="fr", expect=404)
    shown = client.get(report.path, language="fr")

    assert town == "Ville"
    assert refused.json["title"] == "No encontrado"
    assert shown["status"]["label"] == "Recibido"
