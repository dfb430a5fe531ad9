"""PostgreSQL databases that are emptied after a test: making one takes ten times as long."""

import psycopg
from psycopg import sql
from sqlalchemy import make_url

_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Tables, indexes and sequences with their columns; triggers; functions; settings; the migration.
_SCHEMA = """
SELECT c.relname, a.attname, a.atttypid::regtype::text, a.attnotnull FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT tgname, tgrelid::regclass::text, tgenabled::text, NULL FROM pg_trigger
UNION ALL SELECT proname, md5(prosrc), '', NULL FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT array_to_string(setconfig, ','), '', '', NULL FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT version_num, '', '', NULL FROM alembic_version
ORDER BY 1, 2, 3
"""
_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"

Schema = list[tuple[object, ...]]


def schema(url: str) -> Schema:
    """All that a test may change of a database besides its rows."""
    with _connected(url) as connection:
        return connection.execute(_SCHEMA).fetchall()


def emptied(url: str, expected: Schema) -> bool:
    """Remove all rows and start the sequences again; False when the schema is not as expected."""
    with _connected(url) as connection:
        connection.execute(_END_OTHERS)
        try:
            if connection.execute(_SCHEMA).fetchall() != expected:
                return False
        except psycopg.errors.UndefinedTable:
            return False
        # Without checks of foreign keys, any order of the tables will do.
        connection.execute("SET session_replication_role = replica")
        _for_each(connection, _TABLES, "DELETE FROM {}")
        _for_each(connection, _SEQUENCES, "ALTER SEQUENCE {} RESTART")
    return True


def _for_each(connection: psycopg.Connection[tuple[object, ...]], query: str, do: str) -> None:
    statements = [
        sql.SQL(do).format(sql.Identifier(str(name))) for (name,) in connection.execute(query)
    ]
    connection.execute(sql.SQL("; ").join(statements))


def _connected(url: str) -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)
