"""Microsoft's own client library as an independent reader of the stand-in's answers."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from connector.calendars.graph.auth import AppIdentity, Cloud, Tokens
from tests.calendars.graph.harness import SECRET, Harness
from tests.support import patience

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the library's own, at import
    import httpx
    from kiota_abstractions.authentication import AnonymousAuthenticationProvider
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.subscription import Subscription
    from msgraph.generated.subscriptions.subscriptions_request_builder import SubscriptionsRequestBuilder
    from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

__all__ = [
    "CalendarViewRequestBuilder",
    "GraphServiceClient",
    "ODataError",
    "RequestConfiguration",
    "Subscription",
    "SubscriptionsRequestBuilder",
    "judge",
]


@asynccontextmanager
async def judge(house: Harness) -> AsyncIterator[Any]:
    """A GraphServiceClient; Any, as by its types every property may be None.

    The token comes from the stand-in's sign-in through msal; the library has no part in that here.
    """
    signin, url, ca_file = house.graph.signin, house.graph.url, str(house.graph.ca_file)
    app = AppIdentity(signin.tenant, signin.client_id, secret=SECRET)
    tokens = Tokens(app, Cloud(url, url), ca_file=ca_file, deadline=timedelta(seconds=patience.seconds(10)))
    try:
        headers = {"Authorization": f"Bearer {await tokens.get()}"}
    finally:
        tokens.close()
    context = ssl.create_default_context(cafile=ca_file)
    async with httpx.AsyncClient(
        base_url=f"{url}/v1.0", verify=context, headers=headers, timeout=patience.seconds(10)
    ) as client:
        adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
        adapter.base_url = f"{url}/v1.0"
        yield GraphServiceClient(request_adapter=adapter)
