"""A folder of texts and templates that replace those of the shop."""

import logging
from pathlib import Path

import pytest

from app.mails.order_mail import OrderMailKind
from app.mails.rendering import OrderMails
from app.mails.sample import require_usable, sample_order
from app.mails.texts import UnusableTemplate
from tests.test_mails.samples import MAILS, SENDER

CONFIRMED = OrderMailKind.CONFIRMED


def in_folder(folder: Path, **files: str) -> OrderMails:
    """Return the renderer of a folder with files; `_` in a name stands for the dot."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, "utf-8")
    return OrderMails(SENDER, folder)


def test_an_entry_of_the_folder_replaces_only_the_same_entry_of_the_shop(tmp_path: Path) -> None:
    text = '[order_confirmed]\nsubject = "{shop} sagt danke für {number}"\n'
    mails = in_folder(tmp_path, de_toml=text)
    mail = mails.render(CONFIRMED, sample_order("de"))
    assert mail.subject == "Lavka sagt danke für 1042"
    assert mail.text == MAILS.render(CONFIRMED, sample_order("de")).text
    assert mails.render(CONFIRMED, sample_order("ru")) == MAILS.render(
        CONFIRMED, sample_order("ru")
    )


def test_a_template_of_the_folder_replaces_only_the_same_template_of_the_shop(
    tmp_path: Path,
) -> None:
    mails = in_folder(tmp_path, order_html="<p>{{ title }}: {{ lines[0].name }}</p>")
    mail = mails.render(CONFIRMED, sample_order())
    assert mail.html == "<p>Thank you for your order: Kettle</p>"
    assert mail.text == MAILS.render(CONFIRMED, sample_order()).text


def test_a_language_of_the_folder_is_added_with_english_for_missing_texts(
    tmp_path: Path,
) -> None:
    texts = '[format]\ndecimal_mark = ","\n[words]\ntotal = "Totale"\n'
    mails = in_folder(tmp_path, it_toml=texts)
    text = mails.render(CONFIRMED, sample_order("it-CH")).text
    assert "Totale: 1,295,28\xa0EUR" in text
    assert "Thank you for your order" in text


WRONG = [
    ("de.toml", "[words", "de.toml: "),
    ("de.toml", '[words]\ntotla = "Summe"\n', "de.toml: words.totla is not an entry"),
    ("de.toml", "[words]\ntotal = 1\n", "de.toml: words.total is not an entry"),
    ("de.toml", '[wrods]\ntotal = "Summe"\n', "de.toml: wrods is not a section"),
    ("de.toml", 'words = "Summe"\n', "de.toml: words is not a section"),
    ("german.toml", "", "german.toml: its name must be the code of a language"),
    ("de.toml", '[order_confirmed]\ntitle = "{nmuber}"\n', "de.toml: KeyError: 'nmuber'"),
    ("de.toml", '[order_confirmed]\ntitle = "{"\n', "de.toml: ValueError: "),
    ("de.toml", '[format]\npercentage = "{}"\n', "de.toml: KeyError: ''"),
    ("order.html", "{{ titel }}", "order.html: UndefinedError: 'titel' is undefined"),
    ("order.html", "{{ words.titel }}", "order.html: UndefinedError: 'dict object' has no"),
    ("order.txt", "{% for line in lines %}", "order.txt: TemplateSyntaxError: "),
    ("order.txt", "{{ title + 1 }}", "order.txt: TypeError: "),
]


@pytest.mark.parametrize(("name", "content", "fault"), WRONG)
def test_a_wrong_file_is_reported_and_the_one_of_the_shop_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, content: str, fault: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    mails = OrderMails(SENDER, tmp_path)
    with pytest.raises(UnusableTemplate) as refused:
        require_usable(mails)
    assert str(refused.value).startswith(fault)
    with caplog.at_level(logging.ERROR):
        mail = mails.render(CONFIRMED, sample_order("de"))
    assert mail == MAILS.render(CONFIRMED, sample_order("de"))
    (record,) = caplog.records
    assert record.getMessage().startswith(f"MAIL_TEMPLATES was not used for a mail: {fault}")


def test_files_of_other_kinds_in_the_folder_are_ignored(tmp_path: Path) -> None:
    mails = in_folder(tmp_path, readme_md="# Our mails")
    require_usable(mails)
    assert sorted(mails.languages) == ["de", "en", "ru"]
