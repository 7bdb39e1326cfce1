"""Requests whose bodies are JSON, or refused."""

from typing import Any

from litestar import Request
from litestar.datastructures import State

from app.errors import UnsupportedMediaType
from app.schemas.base import decode_json


class ShopRequest(Request[object, object, State]):
    """A request that takes no other body than JSON."""

    async def json(self) -> Any:
        """Return the decoded body.

        Raises:
            UnsupportedMediaType: the body is not JSON by its `Content-Type`; as text/plain a
                browser would send it to us from any page, without asking.
            InvalidInput: it is not JSON by its content.
        """
        media_type, parameters = self.content_type
        if media_type.lower() != "application/json":
            given = media_type or "nothing"
            raise UnsupportedMediaType(f"Content-Type must be application/json, not {given}")
        if parameters.get("charset", "utf-8").strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("the charset of JSON is UTF-8")
        return decode_json(await self.body())
