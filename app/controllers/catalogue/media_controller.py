"""The route of the files of images."""

import re
from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from app.errors import ImageNotFound
from app.gateways.image_rendering import MEDIA_TYPE
from app.security.principal import Access
from app.web.rendering.responses import has_tag
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.resources import Shop

_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/\1\2[0-9a-f]{60}\.webp", re.ASCII)
_TAG_LENGTH = 24


class MediaController(Controller):
    """Files of images; the content of a file never changes."""

    path = "/media"
    include_in_schema = False

    @get("/{first:str}/{second:str}/{name:str}", opt=declared(ImageNotFound, access=Access.PUBLIC))
    async def read(
        self,
        request: ShopRequest,
        first: FromPath[str],
        second: FromPath[str],
        name: FromPath[str],
        shop: NamedDependency[Shop],
    ) -> Response[Any]:
        """Return a file."""
        key = f"{first}/{second}/{name}"
        if not _KEY.fullmatch(key):
            raise ImageNotFound("there is no such file")
        headers = {
            "ETag": f'"{name[:_TAG_LENGTH]}"',
            "Cache-Control": "public, max-age=31536000, immutable",
        }
        if has_tag(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(None, status_code=304, headers=headers)
        stored = await shop.files.open(key)
        if stored is None:
            raise ImageNotFound("there is no such file")
        headers["Content-Length"] = str(stored.size)
        return Stream(stored.parts, media_type=MEDIA_TYPE, headers=headers)
