"""The forms of the images of a product."""

from uuid import UUID

from litestar import Controller, Response, post
from litestar.params import FromPath

from app.errors import (
    ImageNotFound,
    ImageNotReadable,
    ImageTooLarge,
    ImageTypeRefused,
    PreconditionFailed,
    ProductNotFound,
    RequestTimeout,
    TooManyImages,
)
from app.gateways.image_header import MEDIA_TYPES
from app.pages.console.product_forms import changed_image
from app.pages.rendering import see
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, taking_files
from app.web.uploads import received_image
from app.wiring.areas.catalogue import Images, Uploads


class ImagePages(Controller):
    """The images of a product."""

    path = "/console/products/{product_id:uuid}/images"
    include_in_schema = False

    @post(
        opt=declared(
            ProductNotFound,
            ImageNotReadable,
            ImageTooLarge,
            ImageTypeRefused,
            RequestTimeout,
            TooManyImages,
            access=Access.STAFF,
            answers=Answers.REPEATABLE,
        )
        | taking_files(*MEDIA_TYPES)
    )
    async def upload(
        self, request: ShopRequest, product_id: FromPath[UUID], image_uploads: Uploads
    ) -> Response[bytes]:
        """Add the image in the body after the others."""
        await image_uploads.require_room(product_id)
        async with received_image(request) as file:
            await image_uploads.add(product_id, file, "")
        return see(f"/console/products/{product_id}#images")

    @post(
        "/{image_id:uuid}",
        opt=declared(ProductNotFound, ImageNotFound, PreconditionFailed, access=Access.STAFF),
    )
    async def change(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        image_id: FromPath[UUID],
        images: Images,
    ) -> Response[bytes]:
        """Change the alternative text of an image, or its position."""
        change = changed_image(request, image_id)
        await images.change(product_id, image_id, change, request.if_match)
        return see(f"/console/products/{product_id}#images")

    @post(
        "/{image_id:uuid}/delete",
        opt=declared(ProductNotFound, ImageNotFound, PreconditionFailed, access=Access.STAFF),
    )
    async def remove(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        image_id: FromPath[UUID],
        images: Images,
    ) -> Response[bytes]:
        """Delete an image."""
        await images.remove(product_id, image_id, request.if_match)
        return see(f"/console/products/{product_id}#images")
