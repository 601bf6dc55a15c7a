"""What happened: typed values, each with its stable name, level and sentence. Imports nothing of ours but the model."""

from connector.events.base import (
    ALL as ALL,
)
from connector.events.base import (
    Happened as Happened,
)
from connector.events.base import (
    Level as Level,
)
from connector.events.base import (
    OfBooking as OfBooking,
)
from connector.events.base import (
    OfRoom as OfRoom,
)
from connector.events.base import (
    Publish as Publish,
)
from connector.events.base import (
    Sink as Sink,
)
from connector.events.base import (
    Told as Told,
)
from connector.events.calendars import (
    CalendarCredentialExpires as CalendarCredentialExpires,
)
from connector.events.calendars import (
    CalendarDetailsHidden as CalendarDetailsHidden,
)
from connector.events.calendars import (
    CalendarFailed as CalendarFailed,
)
from connector.events.calendars import (
    CalendarItemUnreadable as CalendarItemUnreadable,
)
from connector.events.calendars import (
    CalendarNotificationRefused as CalendarNotificationRefused,
)
from connector.events.calendars import (
    CalendarRead as CalendarRead,
)
from connector.events.calendars import (
    CalendarRecovered as CalendarRecovered,
)
from connector.events.calendars import (
    CalendarReleased as CalendarReleased,
)
from connector.events.calendars import (
    CalendarSourceFailed as CalendarSourceFailed,
)
from connector.events.calendars import (
    CalendarStreamLost as CalendarStreamLost,
)
from connector.events.calendars import (
    CalendarSubscriptionFailed as CalendarSubscriptionFailed,
)
from connector.events.calendars import (
    CalendarSubscriptionSilent as CalendarSubscriptionSilent,
)
from connector.events.calendars import (
    CalendarSuspiciouslyEmpty as CalendarSuspiciouslyEmpty,
)
from connector.events.calendars import (
    CalendarWatchFailed as CalendarWatchFailed,
)
from connector.events.calls import (
    CallAddressChanged as CallAddressChanged,
)
from connector.events.calls import (
    CallFound as CallFound,
)
from connector.events.calls import (
    CallOutcome as CallOutcome,
)
from connector.events.calls import (
    CallOverruns as CallOverruns,
)
from connector.events.calls import (
    CallUnknownOwner as CallUnknownOwner,
)
from connector.events.calls import (
    DialAdopted as DialAdopted,
)
from connector.events.calls import (
    DialAnswered as DialAnswered,
)
from connector.events.calls import (
    DialEnded as DialEnded,
)
from connector.events.calls import (
    DialMissed as DialMissed,
)
from connector.events.calls import (
    DialNotNeeded as DialNotNeeded,
)
from connector.events.calls import (
    DialPolicyRefused as DialPolicyRefused,
)
from connector.events.calls import (
    DialRefused as DialRefused,
)
from connector.events.calls import (
    DialSent as DialSent,
)
from connector.events.calls import (
    DialSkipped as DialSkipped,
)
from connector.events.calls import (
    DialUnknown as DialUnknown,
)
from connector.events.calls import (
    DialWaiting as DialWaiting,
)
from connector.events.calls import (
    LeaveAlreadyGone as LeaveAlreadyGone,
)
from connector.events.calls import (
    LeaveDone as LeaveDone,
)
from connector.events.calls import (
    LeaveFailed as LeaveFailed,
)
from connector.events.calls import (
    LeaveMoved as LeaveMoved,
)
from connector.events.calls import (
    LeavePlanned as LeavePlanned,
)
from connector.events.calls import (
    LeaveStay as LeaveStay,
)
from connector.events.calls import (
    LeaveSwitched as LeaveSwitched,
)
from connector.events.daemon import (
    ClockStepped as ClockStepped,
)
from connector.events.daemon import (
    ConfigLoaded as ConfigLoaded,
)
from connector.events.daemon import (
    ConfigRejected as ConfigRejected,
)
from connector.events.daemon import (
    ConfigRestartNeeded as ConfigRestartNeeded,
)
from connector.events.daemon import (
    DaemonCommand as DaemonCommand,
)
from connector.events.daemon import (
    DaemonStarted as DaemonStarted,
)
from connector.events.daemon import (
    DaemonStood as DaemonStood,
)
from connector.events.daemon import (
    DaemonStopped as DaemonStopped,
)
from connector.events.daemon import (
    LibraryLog as LibraryLog,
)
from connector.events.daemon import (
    LogDropped as LogDropped,
)
from connector.events.daemon import (
    RoomsLoaded as RoomsLoaded,
)
from connector.events.daemon import (
    RoomsRejected as RoomsRejected,
)
from connector.events.daemon import (
    RulesRejected as RulesRejected,
)
from connector.events.daemon import (
    StoreFailed as StoreFailed,
)
from connector.events.daemon import (
    StoreRecovered as StoreRecovered,
)
from connector.events.daemon import (
    StoreRowUnreadable as StoreRowUnreadable,
)
from connector.events.daemon import (
    WatcherFailed as WatcherFailed,
)
from connector.events.rooms import (
    LaneFailed as LaneFailed,
)
from connector.events.rooms import (
    RoomPaused as RoomPaused,
)
from connector.events.rooms import (
    RoomPlanned as RoomPlanned,
)
from connector.events.rooms import (
    RoomResumed as RoomResumed,
)
from connector.events.rooms import (
    ScreenDiffers as ScreenDiffers,
)
from connector.events.rooms import (
    ScreenPushed as ScreenPushed,
)
from connector.events.rooms import (
    ScreenPushFailed as ScreenPushFailed,
)
from connector.events.rooms import (
    ScreenVerified as ScreenVerified,
)
from connector.events.rooms import (
    UnitCertificateRefused as UnitCertificateRefused,
)
from connector.events.rooms import (
    UnitClockSkew as UnitClockSkew,
)
from connector.events.rooms import (
    UnitCredentialsRefused as UnitCredentialsRefused,
)
from connector.events.rooms import (
    UnitLeftBehind as UnitLeftBehind,
)
from connector.events.rooms import (
    UnitNameMissing as UnitNameMissing,
)
from connector.events.rooms import (
    UnitNotAllowed as UnitNotAllowed,
)
from connector.events.rooms import (
    UnitNotHttps as UnitNotHttps,
)
from connector.events.rooms import (
    UnitNotSupported as UnitNotSupported,
)
from connector.events.rooms import (
    UnitProbed as UnitProbed,
)
from connector.events.rooms import (
    UnitReachable as UnitReachable,
)
from connector.events.rooms import (
    UnitRebooted as UnitRebooted,
)
from connector.events.rooms import (
    UnitReplaced as UnitReplaced,
)
from connector.events.rooms import (
    UnitRetiring as UnitRetiring,
)
from connector.events.rooms import (
    UnitState as UnitState,
)
from connector.events.rooms import (
    UnitTlsNotPossible as UnitTlsNotPossible,
)
from connector.events.rooms import (
    UnitUnexpectedReply as UnitUnexpectedReply,
)
from connector.events.rooms import (
    UnitUnreachable as UnitUnreachable,
)
from connector.events.services import (
    IntegrationDisposeFailed as IntegrationDisposeFailed,
)
from connector.events.services import (
    IntegrationRemoved as IntegrationRemoved,
)
from connector.events.services import (
    WebhooksCertificateRejected as WebhooksCertificateRejected,
)
from connector.events.services import (
    WebhooksFailed as WebhooksFailed,
)
from connector.events.services import (
    WebhooksHandlerFailed as WebhooksHandlerFailed,
)
from connector.events.services import (
    WebhooksListening as WebhooksListening,
)
from connector.events.services import (
    ZoomFailed as ZoomFailed,
)
from connector.events.services import (
    ZoomForged as ZoomForged,
)
from connector.events.services import (
    ZoomRecovered as ZoomRecovered,
)
from connector.events.services import (
    ZoomRefused as ZoomRefused,
)
