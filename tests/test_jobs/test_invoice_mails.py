"""When the mail of an invoice is sent, the PDF file of the API is attached to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.controllers import CONTROLLERS
from app.settings import Settings
from tests.conftest import DATABASES, postgres_settings, sqlite_settings
from tests.support.accounts import mails_of
from tests.support.servers import PostgresServer
from tests.support.servers.smtp_server import receiving
from tests.test_controllers.invoices.setting import invoices_of, pay, placed
from tests.test_jobs.mailing import deliver, mailing, to


@pytest.fixture(name="own", params=DATABASES)
def own_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a separate shop for one test, on each database in turn."""
    if request.param == "sqlite":
        yield sqlite_settings(tmp_path / "var")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("invoices")
    yield postgres_settings(server, "invoices", data_dir=tmp_path / "var")
    server.drop_database("invoices")


async def test_the_invoice_is_attached_as_pdf(own: Settings, tmp_path: Path) -> None:
    series = {"invoice_series": "Rä/{year}-"}
    with receiving(tmp_path / "mails") as server:
        async with mailing(own, CONTROLLERS, **to(server.port), **series) as (shop, client):
            cart, order, _ = await placed(client)
            await pay(client, shop, cart)
            (invoice,) = await invoices_of(client, order)
            shown = await client.get(
                f"/invoices/{invoice['id']}", headers={"Accept": "application/pdf"}
            )
            while await deliver(shop):
                pass
            assert await mails_of(shop) == []
        sent = {
            mail.message["Subject"].rpartition(" ")[2]: mail.message for mail in server.received()
        }
    assert sorted(sent) == ["Lavka", "invoice"]
    (attached,) = sent["invoice"].iter_attachments()
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_filename() == f"{invoice['number'].replace('/', '-')}.pdf"
    assert attached.get_content() == shown.content
    kinds = {part.get_content_type() for part in sent["invoice"].walk()}
    assert kinds >= {"text/plain", "text/html"}
    assert not list(sent["Lavka"].iter_attachments())


@pytest.mark.any_database
async def test_a_shop_that_prints_its_mails_draws_no_invoice(
    own: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A mail is not sent if its invoice cannot be drawn.
    monkeypatch.setattr("app.documents.invoice_pdf.invoice_as_pdf", None)
    async with mailing(own, CONTROLLERS) as (printing, client):
        cart, _, _ = await placed(client)
        await pay(client, printing, cart)
        while await deliver(printing):
            pass
    assert "your invoice" in capsys.readouterr().out
