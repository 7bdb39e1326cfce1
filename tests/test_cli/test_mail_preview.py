"""`lavka mail-preview`: the files that it writes, and what it refuses."""

from pathlib import Path

from app.mails.order_mail import MailSender
from app.mails.rendering import OrderMails
from app.mails.sample import sample_order
from tests.conftest import sqlite_settings
from tests.support.command_line import lavka
from tests.test_mails.samples import KINDS, LOCALES


def test_it_writes_each_mail_in_each_language_and_prints_the_paths(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var").model_copy(
        update={"shop_name": "Corner", "shop_address": "1 Long Lane"}
    )
    mails = OrderMails(MailSender("Corner", "1 Long Lane", settings.shop_timezone))
    out = tmp_path / "new" / "preview"
    done = lavka(settings, "mail-preview", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        str(out / f"{kind}.{locale}.{ending}")
        for kind in KINDS
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
    assert not settings.data_dir.exists(), "no database is needed"


def test_it_writes_the_mails_of_one_kind_and_language_with_the_texts_of_a_folder(
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


def test_a_language_without_texts_is_refused(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path / "var")
    done = lavka(settings, "mail-preview", "--locale", "fr", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr == "error: --locale: there are texts in de, en, ru, and none in 'fr'\n"
    assert not (tmp_path / "out").exists()


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
