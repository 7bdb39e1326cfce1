"""The mail by which a guest proves an e-mail address: its texts, its link and its HTML."""

import logging
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.mails.guest_data_mail import GuestDataMail
from app.mails.rendering import OrderMails
from app.mails.sample import require_usable, sample_guest_data
from app.mails.texts import UnusableTemplate
from tests.test_mails.samples import LOCALES, MAILS, SENDER, shown

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_mail_has_the_text_of_its_language(locale: str) -> None:
    mail = MAILS.render_guest_data(sample_guest_data(locale))
    expected = (EXPECTED / f"guest_data.{locale}.txt").read_text("utf-8")
    assert f"Subject: {mail.subject}\n\n{mail.text}" == expected


@pytest.mark.parametrize("locale", LOCALES)
def test_the_html_has_the_content_of_the_text_and_loads_nothing(locale: str) -> None:
    full = sample_guest_data(locale)
    for given in (full, replace(full, link=None)):
        mail = MAILS.render_guest_data(given)
        assert f'<html lang="{locale}">' in mail.html
        html = " ".join(shown(mail.html))
        for line in mail.text.replace(": https", ":\nhttps").split("\n"):
            assert line.removesuffix(":") in html or line == given.link
        assert set(re.findall(r'https?://[^"<\s]*', mail.html)) == {given.link} - {None}


@pytest.mark.parametrize("locale", LOCALES)
def test_without_a_link_the_mail_has_the_token_on_a_separate_line(locale: str) -> None:
    given = replace(sample_guest_data(locale), link=None)
    mail = MAILS.render_guest_data(given)
    assert mail.text.split("\n").count(given.token) == 1
    assert "<a " not in mail.html and given.token in mail.html


def test_a_link_that_is_not_http_is_refused() -> None:
    with pytest.raises(ValueError, match="^a link of a mail must begin with https://"):
        GuestDataMail("en", "token", "javascript:alert(1)")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("de.toml", '[guest_data]\ntitle = "{number}"\n', "de.toml: KeyError: 'number'"),
        ("de.toml", '[guest_data]\nlink = "{shop}"\n', "de.toml: KeyError: 'shop'"),
        ("guest_data.html", "{{ titel }}", "guest_data.html: UndefinedError: 'titel'"),
        ("guest_data.txt", "{% if %}", "guest_data.txt: TemplateSyntaxError: "),
    ],
)
def test_a_wrong_file_is_reported_and_the_one_of_the_shop_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, content: str, fault: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    mails = OrderMails(SENDER, tmp_path)
    with pytest.raises(UnusableTemplate, match=f"^{re.escape(fault)}"):
        require_usable(mails)
    with caplog.at_level(logging.ERROR):
        mail = mails.render_guest_data(sample_guest_data("de"))
    assert mail == MAILS.render_guest_data(sample_guest_data("de"))
    (record,) = caplog.records
    assert record.getMessage().startswith(f"MAIL_TEMPLATES was not used for a mail: {fault}")
