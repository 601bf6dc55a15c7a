"""The folder with a daemon is the one of the calendars' tests."""

from tests.calendars.core.conftest import folder as folder
from tests.calendars.core.conftest import provider as provider
from tests.calendars.core.conftest import quiet as quiet
