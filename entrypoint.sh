#!/bin/sh
# Waits for the database, brings its schema up to date, and becomes the command that is given.
set -eu
lavka migrate --wait "${DB_WAIT_SECONDS:-60}"
exec "$@"
