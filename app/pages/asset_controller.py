"""The route of the files that pages load."""

from litestar import Controller, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.pages.assets import ASSETS, Assets
from app.security.principal import Access
from app.web.rendering.responses import takes_gzip
from app.web.request import ShopRequest
from app.web.route_options import declared


class AssetController(Controller):
    """The files that pages load."""

    path = ASSETS
    include_in_schema = False

    @get("/{version:str}/{name:str}", opt=declared(access=Access.PUBLIC))
    async def read(
        self, request: ShopRequest, version: FromPath[str], name: FromPath[str]
    ) -> Response[bytes]:
        """Return a file; at the address of another version, it must not be stored."""
        assets: Assets = request.app.state.assets
        asset = assets.files.get(name)
        if asset is None:
            raise NotFoundException("there is no such file")
        is_current = version == asset.version
        kept = "public, max-age=31536000, immutable" if is_current else "no-store"
        headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        body = asset.body
        if takes_gzip(request.headers.get("accept-encoding", "")):
            body = asset.gzipped
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=asset.media_type, headers=headers)
