"""Variables that libraries read from the environment of the process.

They are settings of the shop, too: the process copies them from `.env` into its environment, and
docker-compose.yml passes them on.
"""

# Fields of `Settings` that asyncpg and OpenTelemetry read.
EXPORTED = (
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCRL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_SERVICE_NAME",
)
LIBRARY_VARIABLES = {
    "PGSSLMINPROTOCOLVERSION": "The oldest version of TLS to PostgreSQL, such as `TLSv1.3`.",
    "PGSSLMAXPROTOCOLVERSION": "The newest version of TLS to PostgreSQL.",
    "PGTARGETSESSIONATTRS": "Which of several servers of PostgreSQL to use: `read-write`, `any`.",
    "OTEL_EXPORTER_OTLP_HEADERS": "Headers for the collector, such as `authorization=…`.",
    "OTEL_EXPORTER_OTLP_CERTIFICATE": "The certificate authority of the collector, as a file.",
    "OTEL_RESOURCE_ATTRIBUTES": "Attributes of all traces, such as `deployment.environment=test`.",
    "OTEL_TRACES_SAMPLER": "Which traces are sent, such as `parentbased_traceidratio`.",
    "OTEL_TRACES_SAMPLER_ARG": "The argument of the sampler, such as `0.1`.",
    "AWS_ACCESS_KEY_ID": "The account for a bucket of `MEDIA_STORE`.",
    "AWS_SECRET_ACCESS_KEY": "The secret of that account.",  # nosec B105  # a description
    "AWS_SESSION_TOKEN": "The token of a temporary account.",  # nosec B105  # a description
    "AWS_REGION": "The region of the bucket.",
    "AWS_ENDPOINT_URL": "The address of a server that speaks S3; unset: that of AWS.",
    "SSL_CERT_FILE": "Certificate authorities for SMTP, as a file, instead of the system's.",
    "SSL_CERT_DIR": "Certificate authorities for SMTP, as a folder, instead of the system's.",
}
