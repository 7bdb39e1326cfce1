"""`lavka mail-preview`: the files that it writes, and its refusals."""

from pathlib import Path

import pytest

from app.mails.order_mail import MailSender, OrderMailKind
from app.mails.rendering import OrderMails
from app.mails.sample import sample_guest_data, sample_order
from tests.conftest import sqlite_settings
from tests.support.command_line import lavka
from tests.test_mails.samples import KINDS, LOCALES


def test_the_preview_writes_each_mail_in_each_language_and_prints_the_paths(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var").model_copy(
        update={"shop_name": "Corner", "shop_address": "1 Long Lane"}
    )
    mails = OrderMails(MailSender("Corner", "1 Long Lane", settings.shop_timezone))
    out = tmp_path / "new" / "preview"
    done = lavka(settings, "mail-preview", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        str(out / f"{kind}.{locale}.{ending}")
        for kind in [*KINDS, "guest_data"]
        for locale in LOCALES
        for ending in ("txt", "html")
    ]
    for kind in KINDS:
        for locale in LOCALES:
            mail = mails.render(kind, sample_order(locale))
            text = (out / f"{kind}.{locale}.txt").read_text("utf-8")
            assert text == f"Subject: {mail.subject}\n\n{mail.text}"
            assert (out / f"{kind}.{locale}.html").read_text("utf-8") == mail.html
            assert "1 Long Lane" in text
    for locale in LOCALES:
        mail = mails.render_guest_data(sample_guest_data(locale))
        text = (out / f"guest_data.{locale}.txt").read_text("utf-8")
        assert text == f"Subject: {mail.subject}\n\n{mail.text}"
        assert (out / f"guest_data.{locale}.html").read_text("utf-8") == mail.html
    assert not settings.data_dir.exists(), "no database is needed"


def test_the_preview_writes_mails_of_one_kind_and_language_with_texts_of_a_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "pl.toml").write_text('[order_expired]\ntitle = "Zamówienie wygasło"\n', "utf-8")
    settings = sqlite_settings(tmp_path / "var").model_copy(update={"mail_templates": tmp_path})
    arguments = ("--kind", "order_expired", "--locale", "pl", "--out", tmp_path)
    done = lavka(settings, "mail-preview", *arguments)
    assert done.stdout.splitlines() == [
        str(tmp_path / f"order_expired.pl.{ending}") for ending in ("txt", "html")
    ]
    assert "Zamówienie wygasło" in (tmp_path / "order_expired.pl.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("locale", "language"), [("de-AT", "de"), ("DE_at", "de"), ("ru", "ru"), ("fr", "en")]
)
def test_the_preview_writes_the_mails_for_a_locale(
    tmp_path: Path, locale: str, language: str
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    arguments = ("--kind", "order_confirmed", "--locale", locale, "--out", tmp_path)
    done = lavka(settings, "mail-preview", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        str(tmp_path / f"order_confirmed.{language}.{ending}") for ending in ("txt", "html")
    ]
    mails = OrderMails(MailSender(settings.shop_name, None, settings.shop_timezone))
    sent = mails.render(OrderMailKind.CONFIRMED, sample_order(locale))
    assert (tmp_path / f"order_confirmed.{language}.html").read_text("utf-8") == sent.html


def test_a_wrong_template_is_refused_by_its_name_in_the_preview_and_at_the_start(
    tmp_path: Path,
) -> None:
    (tmp_path / "order.html").write_text("{{ titel }}", "utf-8")
    settings = sqlite_settings(tmp_path / "var").model_copy(update={"mail_templates": tmp_path})
    for command in (["mail-preview", "--out", str(tmp_path / "out")], ["admin", "a@example.com"]):
        done = lavka(settings, *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "error: MAIL_TEMPLATES: order.html: UndefinedError: 'titel' is undefined\n"
        )
