"""Accounts of an older version survive the migrations."""

import nameko
from alembic import command

from services.foundation import migrate
from services.foundation.database import make_engine
from testbed.mesh import Mesh


def test_an_address_given_before_there_were_links_counts_as_confirmed(servers: Mesh) -> None:
    uri = str(servers.settings["DB_URIS"]["user:Base"]).replace("/marquee_user?", "/marquee_user_before?")
    with nameko.config.patch({**servers.settings, "DB_URIS": {"user:Base": uri}}, clear=True), migrate.schema(uri):
        engine, history = make_engine(uri), migrate.alembic_config("user")
        command.upgrade(history, "0001")
        with engine.begin() as tx:
            for name, email in (("ada", "'ada@cinema.example'"), ("bob", "NULL")):
                tx.exec_driver_sql("INSERT INTO user (user_id, username, folded, password_hash, email, roles, "
                                   f"created_at) VALUES ('{name}', '{name}', '{name}', '!', {email}, '[]', '2026-1-1')")
        command.upgrade(history, "head")
        with engine.begin() as tx:
            found = list(tx.exec_driver_sql("SELECT user_id, email_confirmed_at IS NOT NULL, email_events FROM user "
                                            "ORDER BY user_id"))
            keys = list(tx.exec_driver_sql("SELECT folded FROM user ORDER BY user_id").scalars())
            tx.exec_driver_sql("UPDATE user SET folded = '王伟' WHERE user_id = 'bob'")
        command.downgrade(history, "0001")
        engine.dispose()
    assert [tuple(row) for row in found] == [("ada", 1, 0), ("bob", 0, 0)]
    assert keys == ["ada", "bob"]
