"""restore."""

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.commands import manifests
from api.commands.answers import Mistake, counted, open_database
from api.commands.backing_up import COUNTED
from api.commands.bars import bar
from api.commands.manifests import KeptObject, Manifest
from core.config import Config
from core.db import disconnect, transaction
from core.migrate import all_revisions, migrate, newest_revision
from machine.dumps import EMPTY_SCHEMA, DumpFailed, load, way_to
from media.storage import Bucket, StorageFailed, ensure_bucket

AT_ONCE = 8  # objects

_TABLE = text("SELECT to_regclass('public.' || :name) IS NOT NULL")
_TOWN = text("SELECT code FROM jurisdiction ORDER BY id LIMIT 1")
_FOREIGN = text(
    """
    SELECT c.relname
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname
    LIMIT 3
    """
)
_SERVER = text("SELECT current_setting('server_version_num')::int / 10000")
_POSTGIS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')")
_MAKE_POSTGIS = text("CREATE EXTENSION postgis SCHEMA public")
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name IN ('mendway', 'mendway-queue')"
)
_FORGET = text("DROP TABLE unfinished_restore")

_PATIENCE = "SET LOCAL lock_timeout = '10s';"
# Asked again inside the one transaction, so that nothing can have come in between.
_REFUSE_TOWN = """
DO $do$
BEGIN
  IF to_regclass('public.jurisdiction') IS NOT NULL AND to_regclass('public.unfinished_restore') IS NULL THEN
    IF EXISTS (SELECT FROM public.jurisdiction) THEN
      RAISE EXCEPTION 'the database holds a town';
    END IF;
  END IF;
END
$do$;
"""
# The table stays until the migrations that follow have run: a restore that was cut off may be run again.
_AFTER = """
SET LOCAL client_min_messages = error;
CREATE TABLE public.unfinished_restore ();
UPDATE public.jurisdiction SET epoch = gen_random_uuid();
ANALYZE;
"""
_COUNT = """
DO $do$
BEGIN
  IF (SELECT count(*) FROM public.{table}) <> {count} THEN
    RAISE EXCEPTION 'the dump does not hold the {count} rows of {table} that its manifest names';
  END IF;
END
$do$;
"""


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "restore",
        help="put a backup into an empty database and bucket",
        description="Check every file of a backup, put its objects into the bucket and its database into DATABASE_URL, in one transaction, "
        "and bring the tables up to this version. Readers of the change log begin anew. Stop the API and the worker first. "
        "A restore that was cut off is run again.",
    )
    verb.add_argument("backup", type=Path, metavar="DIR", help="the folder that `mendway backup` named")
    verb.add_argument(
        "--replace", action="store_true", help="also when the database holds a town: what is in it is then lost"
    )
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    manifest = manifests.read(options.backup)
    if manifest.revision not in all_revisions():
        raise Mistake(
            f"The backup is at revision {manifest.revision}, which this program ({newest_revision()}) does not know. "
            "Restore it with the program that made it, or a later one."
        )
    _verify(manifest, options.backup)
    try:
        with open_database() as config:
            with transaction() as session:
                _refuse_server(session, manifest)
                _refuse_foreign(session)
                _refuse_town(session, options.replace)
                _refuse_company(session)
            _ensure_postgis()
            _put_objects(config, manifest, options.backup)
            disconnect()
            _load(config, manifest, options.backup, options.replace)
        migrate(config.sqlalchemy_url)
        with open_database(), transaction() as session:
            session.execute(_FORGET)
    except (DumpFailed, StorageFailed) as fault:
        raise Mistake(str(fault)) from fault
    _tell(config, manifest)


def _verify(manifest: Manifest, folder: Path) -> None:
    """Raises Mistake before anything is touched."""
    read = 0
    with bar("checking", total=manifest.bytes, unit="B") as show:

        def progress(count: int) -> None:
            nonlocal read
            read += count
            show(read)

        wrong = list(manifests.wrong_files(manifest, folder, progress))
    if wrong:
        told = "\n".join(f"  - {line}" for line in wrong[:20])
        more = f"\n  … and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        raise Mistake(f"The backup {folder} is damaged; nothing was touched:\n{told}{more}")


def _refuse_server(session: Session, manifest: Manifest) -> None:
    server = session.execute(_SERVER).scalar_one()
    if server < manifest.postgres:
        raise Mistake(f"The backup is of PostgreSQL {manifest.postgres}; this server is older ({server}).")


def _refuse_foreign(session: Session) -> None:
    """Everything in the schema is about to go, so all of it must be ours."""
    if not (_has(session, "jurisdiction") and _has(session, "report_event")):
        names = session.execute(_FOREIGN).scalars().all()
        if names:
            raise Mistake(
                f"The database holds tables that are not Mendway's ({', '.join(names)} …). Restore into one of its own."
            )


def _refuse_town(session: Session, may_replace: bool) -> None:
    if not _has(session, "jurisdiction") or _has(session, "unfinished_restore") or may_replace:
        return
    code = session.execute(_TOWN).scalar()
    if code is not None:
        raise Mistake(
            f"The database holds the town {code}. Restore into an empty one, or say --replace to lose what is there."
        )


def _has(session: Session, table: str) -> bool:
    return bool(session.execute(_TABLE, {"name": table}).scalar())


def _refuse_company(session: Session) -> None:
    """Whoever is connected would see tables vanish, and might write into what was just put back."""
    count = session.execute(_OTHERS).scalar_one()
    if count:
        raise Mistake(
            f"Mendway is at work in this database ({counted(count, 'connection')}). Stop API and worker first."
        )


def _ensure_postgis() -> None:
    try:
        with transaction() as session:
            if not session.execute(_POSTGIS).scalar():
                session.execute(_MAKE_POSTGIS)
    except DBAPIError as fault:
        raise Mistake(
            "The database has no PostGIS, and this role may not add it. As PostgreSQL's superuser: "
            "CREATE EXTENSION postgis"
        ) from fault


def _put_objects(config: Config, manifest: Manifest, folder: Path) -> None:
    """Before the database: a report may wait for nobody's photo, a photo may wait for its report."""
    if not ensure_bucket(config):
        raise StorageFailed(f"The bucket {config.s3_bucket} cannot be reached or made at {config.s3_endpoint}.")
    bucket = Bucket(config)

    def put(kept: KeptObject) -> None:
        bucket.put(kept.key, folder / kept.path, kept.headers)

    with bar("objects", total=len(manifest.objects)) as show, ThreadPoolExecutor(AT_ONCE) as pool:
        for count, _ in enumerate(pool.map(put, manifest.objects), 1):
            show(count)


def _load(config: Config, manifest: Manifest, folder: Path, may_replace: bool) -> None:
    before = _PATIENCE + ("" if may_replace else _REFUSE_TOWN) + EMPTY_SCHEMA
    counts = [
        _COUNT.format(table=table, count=int(manifest.counts[table])) for table in COUNTED if table in manifest.counts
    ]
    with tempfile.TemporaryDirectory(prefix="mendway-restore-") as scratch:
        log = Path(scratch) / "restore.log"
        load(
            way_to(config.database_url),
            manifest.pg_dump,
            folder / manifest.dump.path,
            before,
            "".join(counts) + _AFTER,
            log,
        )


def _tell(config: Config, manifest: Manifest) -> None:
    sizes = f"{counted(manifest.counts['report'], 'report')}, {counted(len(manifest.objects), 'object')}"
    print(f"{manifest.town} is back as of {manifest.made_at}: {sizes}, tables at revision {newest_revision()}.")
    if manifests.secret_check(config) != manifest.secret_check:
        print(
            "MENDWAY_SECRET is not the one of the backup: cursors and retries from before are not known any more. "
            "Set the former one if you have it."
        )
    print(
        "Next: `mendway doctor`, then start worker and API, look at /readyz and at a report that you know. "
        "Whoever reads /v1/changes gets 410 once and begins anew."
    )
