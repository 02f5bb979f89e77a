"""Working on many reports at once, a chunk a job. One report that goes wrong leaves the others alone."""

import logging
from uuid import UUID

from sqlalchemy.orm import Session

from actions.bulk import work as bulk
from core.db import DatabaseAway, LockTimeout, named_faults, transaction
from core.logs import request_id
from domain.bulk import BulkResult
from domain.errors import Refusal, Unexpected
from jobs.tasks import Work

log = logging.getLogger(__name__)


def work_on_bulk(work: Work, bulk_id: str) -> None:
    """Do the next chunk of an action on many reports, and have the one after it done."""
    with transaction() as session:
        chunk = bulk.take_chunk(session, UUID(bulk_id))
        if chunk is None:
            return
        done = [_one(session, chunk, result) for result in chunk.results]
        bulk.go_on(session, chunk, progressed=any(done))
    log.info("bulk chunk", extra={"bulk_id": bulk_id, "reports": sum(done)})


def _one(session: Session, chunk: bulk.Chunk, result: BulkResult) -> bool:
    """Whether there is a result; a report that somebody else holds waits for the next chunk."""
    try:
        with named_faults(), session.begin_nested() as savepoint:
            outcome = bulk.attempt(session, chunk, result)
            if chunk.is_preview:
                savepoint.rollback()
    except LockTimeout:
        return False
    except DatabaseAway:
        raise  # of the whole chunk: the queue tries it again
    except Refusal as refusal:
        outcome = bulk.refused(session, result, refusal)
    except Exception:
        log.exception("bulk action failed for a report", extra={"report_id": str(result.report_id)})
        outcome = bulk.refused(session, result, Unexpected(request_id=request_id.get()))
    bulk.note(result, outcome, is_preview=chunk.is_preview)
    return True
