#!/bin/sh
# Starts pgAdmin with the shop's database registered, and with an e-mail address that it accepts.
set -eu
umask 077

# Its log-in opens the database, with its password.
case ${ENVIRONMENT:-}/${PGADMIN_DEFAULT_PASSWORD:-} in
  production/ | production/admin | production/change-me | production/changeme | production/pgadmin | \
    production/password | production/postgres | production/lavka)
    echo "PGADMIN_DEFAULT_PASSWORD: is well known; use the output of \`openssl rand -base64 32\`" >&2
    exit 1
    ;;
  production/????????????*) ;;
  production/*)
    echo "PGADMIN_DEFAULT_PASSWORD: has fewer than 12 characters; use the output of \`openssl rand -base64 32\`" >&2
    exit 1
    ;;
esac

# pgAdmin refuses an underscore in the domain of an e-mail address.
domain=${PGADMIN_DEFAULT_EMAIL##*@}
case $domain in
  *_*)
    name=${PGADMIN_DEFAULT_EMAIL%@*}
    given=$PGADMIN_DEFAULT_EMAIL
    PGADMIN_DEFAULT_EMAIL=$name@$(printf %s "$domain" | tr _ -)
    export PGADMIN_DEFAULT_EMAIL
    echo "PGADMIN_DEFAULT_EMAIL: pgAdmin refuses $given because of the underscore in its domain;" \
      "log in as $PGADMIN_DEFAULT_EMAIL" >&2
    ;;
esac

# Written at every start, so that pgAdmin uses the current values of .env.
export PGADMIN_SERVER_JSON_FILE=/var/lib/pgadmin/lavka-servers.json
export PGADMIN_REPLACE_SERVERS_ON_STARTUP=True
# pgAdmin expects the files of each user in a separate folder.
storage=/var/lib/pgadmin/storage/$(printf %s "$PGADMIN_DEFAULT_EMAIL" | tr @ _)
mkdir -p "$storage"
/venv/bin/python3 - "$PGADMIN_SERVER_JSON_FILE" "$storage/lavka-pgpass" <<'PYTHON'
import json
import os
import sys

host, port, user, password, database = (
    os.environ[name]
    for name in ("DB_HOST", "DB_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB")
)
servers, passwords = sys.argv[1:]
server = {
    "Name": "Lavka",
    "Group": "Servers",
    "Host": host,
    "Port": int(port),
    "MaintenanceDB": database,
    "Username": user,
    "ConnectionParameters": {
        "sslmode": os.environ.get("PGSSLMODE") or "prefer",
        "connect_timeout": 10,
        "passfile": "/lavka-pgpass",
    },
}
with open(servers, "w", encoding="utf-8") as file:
    json.dump({"Servers": {"1": server}}, file)
fields = (host, port, "*", user, password)
with open(passwords, "w", encoding="utf-8") as file:
    file.write(":".join(each.replace("\\", r"\\").replace(":", r"\:") for each in fields) + "\n")
PYTHON

exec /entrypoint.sh "$@"
