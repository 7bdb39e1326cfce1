"""Fixtures: a client of a guest."""

import httpx
import pytest
from litestar import Litestar

from tests.support.accounts import at
from tests.test_controllers.data.guests import HOME


@pytest.fixture(name="home")
def its_home(still_app: Litestar) -> httpx.AsyncClient:
    """A client whose network address is also one of the marked values."""
    return at(still_app, HOME)
