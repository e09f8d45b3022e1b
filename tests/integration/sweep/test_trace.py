"""Republished events carry the trace of their job's upload."""

from pymongo.database import Database

from functions.shared.mongo import Document
from functions.shared.trace import Trace
from tests.integration.sweep.conftest import Sweep
from tests.support.ingress import Ingress
from tests.support.jobs import PAST, ended_job, open_job


def test_republished_events_carry_the_trace_of_the_upload(
    sweep: Sweep, ingress: Ingress, database: Database[Document]
) -> None:
    """Each republished event has the traceparent and request id of its own job, not those of the tick."""
    traces = [Trace.of(None, None) for _ in range(4)]
    upload, done, failed, given_up = (vars(trace) for trace in traces)
    jobs = [
        open_job(database, lease=PAST, trace=upload),
        ended_job(database, **{"deliveries.mail.lease": PAST, "trace": done}),
        ended_job(database, "failed", **{"deliveries.mail.lease": PAST, "trace": failed}),
        open_job(database, lease=PAST, state="converting", tries=3, attempt="x", trace=given_up),
    ]
    assert sweep().status_code == 200
    assert {event["subject"]: Trace.of_event(event) for event in ingress.heard} == {
        str(job): trace for job, trace in zip(jobs, traces, strict=True)
    }
