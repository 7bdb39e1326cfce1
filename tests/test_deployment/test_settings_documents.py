"""The documents list the settings, and the refused settings of production, of the code."""

import re

from app.configuration.libraries import LIBRARY_VARIABLES
from app.configuration.loading import OF_CONTAINERS
from app.configuration.production import RULES
from app.settings import setting_names
from scripts.settings_tables import SECURITY, SETTINGS, security_document, settings_document


def test_the_table_of_settings_equals_the_settings_of_the_code() -> None:
    text = SETTINGS.read_text("utf-8")
    assert text == settings_document()
    rows = re.findall(r"^\| `([A-Z_]+)` \|.*[.…] \|$", text, re.MULTILINE)
    fields = setting_names()
    assert rows == [*fields, *LIBRARY_VARIABLES, *OF_CONTAINERS]


def test_the_table_of_refused_settings_equals_the_rules_of_the_code() -> None:
    text = SECURITY.read_text("utf-8")
    assert text == security_document(text)
    assert [text.count(f"| {rule.refused} | {rule.remedy} |") > 0 for rule in RULES] == [
        True
    ] * len(RULES)
