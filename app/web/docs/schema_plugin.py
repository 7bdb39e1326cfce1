"""Makes the framework validate bodies with the schemas of the shop."""

from typing import Any

from litestar.config.app import AppConfig
from litestar.openapi.spec import OpenAPIType
from litestar.openapi.spec import Schema as SchemaObject
from litestar.plugins import InitPlugin, OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from app.schemas.base import Schema


class SchemaPlugin(InitPlugin, OpenAPISchemaPlugin):
    """Validates bodies with `Schema.parse`; `app.web.docs.openapi` describes them."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the decoder of decoded JSON into a schema."""
        app_config.type_decoders = [(self.is_plugin_supported_type, _parse)]
        return app_config

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Return whether a type is one of the shop's schemas."""
        return isinstance(value, type) and issubclass(value, Schema)

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: Any
    ) -> SchemaObject:
        """Return an empty object schema, which is completed later."""
        return SchemaObject(type=OpenAPIType.OBJECT)


def _parse(kind: type[Schema], data: Any) -> Schema:
    return kind.parse(data)
