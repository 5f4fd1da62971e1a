"""What a schema cannot say about both APIs: loaded by schemathesis (SCHEMATHESIS_HOOKS)."""
import os

import schemathesis


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """`cursor` and `offset` are each valid, and refused together."""
    is_both = {"cursor", "offset"} <= set(case.query or {})
    return not (is_both and response.status_code == 422 and "cannot be combined with cursor" in response.text)


@schemathesis.hook
def map_case(context, case):
    """Webhooks lead to the listener of the test, so that no sample is sent to a stranger."""
    if isinstance(case.body, dict) and str(case.body.get("url", "")).startswith("http"):
        case.body = case.body | {"url": os.environ["AURIX_TEST_LISTENER"]}
    return case
