"""Two invitations in one event: whatever is dialled belongs to one of them whole, never to a mixture."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.model import JoinInfo, SourceText

BLOCKS: dict[str, str] = {
    "zoom": "Join Zoom Meeting\nhttps://us02web.zoom.us/j/81920374655?pwd=RkFL.1\nMeeting ID: 819 2037 4655\nPasscode: 111111\nOne tap +12025550143,,81920374655#,,,,*111111# US\n",
    "zoomtxt": "Join Zoom Meeting\nhttps://us02web.zoom.us/j/82920374655?pwd=RkFL.1\nMeeting ID: 829 2037 4655\nPasscode: aB%3dE\n",
    "zoombare": "Zoom https://us02web.zoom.us/j/83920374655\n",
    "zoomfull": "Join Zoom Meeting\nhttps://us02web.zoom.us/j/84920374655?pwd=RkFL.1\nMeeting ID: 849 2037 4655\nPasscode: Ab#9kd\nJoin by SIP\n84920374655@zoomcrc.com\nJoin by H.323\n192.0.2.37 (US West)\nMeeting ID: 849 2037 4655\nPasscode: 222222\n",
    "zoommy": "https://acme.zoom.us/my/kim\n",
    "zoomrec": "Recording https://acme.zoom.us/rec/share/abc\nPasscode: 333333\n",
    "teams": "Microsoft Teams\nhttps://teams.microsoft.com/l/meetup-join/19%3ameeting_QUJD%40thread.v2/0?context=x\nMeeting ID: 345 678 901 23\nPasscode: Zz9Yy8\nDial in +1 202-555-0144,,987654321# US\nPhone conference ID: 987 654 321#\n",
    "teamscvi": "Microsoft Teams\nhttps://teams.microsoft.com/l/meetup-join/19%3ameeting_WFla%40thread.v2/0?context=x\nJoin with a video conferencing device\n5550123@t.plcm.vc\nVTC Conference ID: 0123456789\n",
    "teamscvi2": "Microsoft Teams\nhttps://teams.microsoft.com/l/meetup-join/19%3ameeting_VVVV%40thread.v2/0?context=x\nteams@vc.example.org\nVideo ID: 112 345 678 9\n<https://vc.example.org/teams/?conf=1123456789&d=vc.example.org&ip=192.0.2.4&ivr=teams>\n",
    "webexbare": "Webex https://acme.webex.com/acme/j.php?MTID=m0123\nMeeting password: Qq8Ww\n",
    "webex": "https://beta.webex.com/beta/j.php?MTID=m0124\nMeeting number (access code): 2550 123 4567\nMeeting password: 4444\n",
    "webexsip": "https://gamma.webex.com/gamma/j.php?MTID=m0125\nDial 25507654321@gamma.webex.com\nYou can also dial 173.243.2.68 and enter your meeting number.\n",
    "webexpr": "https://delta.webex.com/meet/kim\n",
    "bjn": "https://bluejeans.com/123456789\nMeeting ID: 123456789\nParticipant Passcode: 5555\n",
    "bjnbare": "https://bluejeans.com/987654321\n",
    "goto": "https://global.gotomeeting.com/join/223344556\nAccess Code: 223-344-556\n",
    "gotonamed": "https://gotomeet.me/KimExample\n",
    "rc": "https://v.ringcentral.com/join/667788990\nPassword: 6666\n",
    "rcpw": "https://v.ringcentral.com/join/667788991?pw=abcdef\n",
    "meet": "https://meet.google.com/abc-defg-hij\n+1 234-555-0123 PIN: 777777#\n",
    "meetint": "https://meet.google.com/xyz-defg-hij\nVideo system: 7654321@acme.onpexip.com\n",
    "pexip": "https://meet.example.org/webapp/#/?conference=kim.room%40vc.example.net\nPIN: 8888\n",
    "pexipbare": "https://meet.example.org/webapp/m/4321\n",
    "cms": "https://join.example.org/invited.sf?secret=x&id=556677\n",
    "jitsi": "https://meet.jit.si/AcmeStandup\n",
    "starleaf": "https://meet.starleaf.com/4123456789\n",
    "starleafsip": "https://meet.starleaf.com/4123456780\n4123456780@acme.call.sl\n",
    "lifesize": "https://call.lifesizecloud.com/1234567\n",
    "whereby": "https://whereby.com/acme\n",
    "chime": "https://chime.aws/1234567890\n",
    "skype": "https://meet.lync.com/acme/kim/ABC123\nConference ID: 12345678\n",
    "sip": "sip:boardroom@vc.example.org\n",
    "h323": "192.0.2.88##4321#9999\n",
    "sig": "Kim Example\nTel +1 202 555 0143\nOffice ID: 123 456 789\nkim@example.org\n",
    "tencent": "腾讯会议 会议号：123 456 780 密码：9876 https://meeting.tencent.com/dm/x\n",
    "lark": "Lark https://vc.larksuite.com/j/123456788\nMeeting ID: 123 456 788\nPasscode: 4321\n",
    "jiomeet": "https://jiomeetpro.jio.com/shortener?meetingId=8192037466&pwd=x\nMeeting ID: 819 203 7466\nPassword: 98765\n",
    "bbb": "https://bbb.example.org/rooms/abc-def-ghi-jkl/join\nAccess code: 654321\nPhone PIN: 71234\n",
    "vidyo": "https://acme.vidyocloud.com/join/UVrb371ZVe\nExtension: 7654321\nMeeting PIN: 9911\n",
    "zoho": "https://meeting.zoho.com/meeting/join?key=1428156531\nMeeting ID: 142 815 6531\nPassword: 112233\n",
    "discord": "https://discord.com/events/12345/67890\nPasscode: 919191\n",
    "conf": "Audio bridge: conference ID 444 555 6666, passcode 1212\n",
}

SEPARATORS = ("\n", "\n\n------\n\n")


def found(*texts: tuple[str, str]) -> JoinInfo:
    return detect(tuple(SourceText(where, "text", content) for where, content in texts))


ALONE = {name: found(("description", block)) for name, block in BLOCKS.items()}


def tails(join: JoinInfo) -> set[str]:
    """H.323 addresses without their gateway: a service's gateways all lead to all of its meetings."""
    return {address.partition("##")[2] or address for address in join.h323}


def mixed(join: JoinInfo, *whole: JoinInfo) -> list[str]:
    """Fields that belong to none of the invitations as they are alone."""
    same = [other for other in whole if other.service == join.service]
    wrong = [address for address in join.sip if all(address not in other.sip for other in whole)]
    wrong += [tail for tail in tails(join) if all(tail not in tails(other) for other in whole)]
    for field in ("meeting_id", "passcode", "passcode_text"):
        value = getattr(join, field)
        if value is not None and all(getattr(other, field) != value for other in same):
            wrong.append(f"{field} {value}")
    return wrong


@pytest.mark.parametrize("first", BLOCKS)
def test_no_two_invitations_are_mixed(first: str) -> None:
    wrong = {}
    for second in BLOCKS:
        if second == first:
            continue
        for separator in SEPARATORS:
            join = found(("description", BLOCKS[first] + separator + BLOCKS[second]))
            wrong[second, separator] = mixed(join, ALONE[first], ALONE[second])
        apart = found(("location", BLOCKS[first]), ("description", BLOCKS[second]))
        wrong[second, "apart"] = mixed(apart, ALONE[first], ALONE[second])
    assert {key: value for key, value in wrong.items() if value} == {}
    assert len(wrong) == 3 * (len(BLOCKS) - 1)


def test_the_blocks_alone_are_what_they_seem() -> None:
    dialled = {name for name, join in ALONE.items() if join.sip or join.h323}
    silent = {"zoommy", "zoomrec", "teams", "webexbare", "gotonamed", "rcpw", "meet", "pexipbare", "cms", "jitsi"}
    silent |= {"starleaf", "whereby", "chime", "skype", "sig", "tencent", "conf"}
    silent |= {"lark", "jiomeet", "bbb", "vidyo", "zoho", "discord", "goto"}
    assert dialled == set(BLOCKS) - silent
