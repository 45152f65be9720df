"""Requests made from the API's own description get answers that it describes."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts.models import User, new_token
from ingestion.wsgi import application

pytestmark = pytest.mark.slow

# OpenAPI cannot say that a time is a time and a cursor is one of ours: being refused is right.
TOO_STRICT = [positive_data_acceptance]


@schemathesis.serializer("application/x-ndjson")
def as_it_is(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    return str(value).encode(errors="replace")


schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)


@pytest.mark.django_db(transaction=True)  # the service closes connections as it does when it runs
@schema.parametrize()
@hypothesis.settings(max_examples=10, suppress_health_check=list(hypothesis.HealthCheck))
def test_every_answer_is_described(case: Any, alice: User) -> None:
    _, text = new_token(alice, days=1)
    case.call_and_validate(headers={"Authorization": f"Bearer {text}"}, excluded_checks=TOO_STRICT)
