"""The child process of PjsuaSipAgent: the only place that imports pjsua2.

Run as a file, never imported by the parent. Speaks JSON lines: commands on standard input, events on standard output;
the end of the input ends it. One user agent a process, because PJSUA allows 4 calls and 8 accounts a process and
answers misuse with an abort.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any

import pjsua2 as pj

_POLL_MS = 10  # how long PJSUA may wait for the network before the commands are looked at
_STATES = {
    pj.PJSIP_INV_STATE_EARLY: "ringing",
    pj.PJSIP_INV_STATE_CONFIRMED: "connected",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}
_TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}
_NO_NAMES = "127.255.255.254"  # a name server where none is: no query leaves the machine

Message = dict[str, Any]


class Child:
    def __init__(self, output: int) -> None:
        self._output = output
        self._input = b""
        self._calls: dict[str, Call] = {}
        self._ended: list[Call] = []  # freed outside PJSUA's own callbacks
        self._incoming = 0
        self._endpoint = pj.Endpoint()
        self._transports: dict[str, int] = {}
        self._start: Message = {}
        self._account: Account | None = None
        self._running = True

    def tell(self, **event: Any) -> None:
        os.write(self._output, json.dumps(event).encode() + b"\n")

    def run(self) -> None:
        while self._running:
            if self._account:
                self._endpoint.libHandleEvents(_POLL_MS)
                self._ended.clear()
            self._read_commands(0 if self._account else None)
        self._close()

    def _read_commands(self, wait: float | None) -> None:
        ready, _, _ = select.select([0], [], [], wait)
        if not ready:
            return
        data = os.read(0, 65_536)
        if not data:
            self._running = False
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, command: Message) -> None:
        try:
            self._do(command)
        except pj.Error as error:
            self.tell(event="failed", request=command.get("request"), call=command.get("call"), reason=error.reason)

    def _do(self, command: Message) -> None:
        what, request = command["do"], command.get("request")
        call = self._calls.get(command.get("call", ""))
        if what == "start":
            self._begin(command)
            self.tell(event="done", request=request)
        elif what == "listen":
            self.tell(event="done", request=request, port=self._port(command["transport"]))
        elif what == "dial":
            self.tell(event="done", request=request, call_id=self._dial(command))
        elif call and what == "hang_up":
            refusal = pj.CallOpParam()
            refusal.statusCode = command.get("status", 603)  # for an incoming call that is not answered
            call.hangup(refusal)
        elif call and what == "answer":
            answer = pj.CallOpParam()
            answer.statusCode = 200
            call.answer(answer)
        elif what == "digits":
            if call:
                _send_digits(call, command["digits"])
            self.tell(event="done", request=request)

    def _begin(self, start: Message) -> None:
        self._start = start
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0  # everything runs in this thread
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = "Simulated room system"
        config.uaConfig.nameserver.append(_NO_NAMES)
        config.logConfig.level = config.logConfig.consoleLevel = 0  # its log would show passcodes
        config.medConfig.noVad = True
        self._endpoint.libCreate()
        self._endpoint.libInit(config)
        bridge = start["bridge"]
        self._open(bridge["transport"] if bridge else "udp")
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        self._account = Account(self)
        self._account.create(self._account_config(start, bridge))

    def _open(self, transport: str) -> int:
        if transport not in self._transports:
            config = pj.TransportConfig()
            config.boundAddress = self._start["address"]
            config.port = self._start["port"]
            if transport == "tls":
                bridge = self._start["bridge"] or {}
                config.tlsConfig.CaListFile = bridge.get("ca_file", "")
                config.tlsConfig.verifyServer = True
                config.tlsConfig.certFile = self._start.get("certificate", "")
                config.tlsConfig.privKeyFile = self._start.get("key", "")
            self._transports[transport] = self._endpoint.transportCreate(_TRANSPORTS[transport], config)
        return self._transports[transport]

    def _port(self, transport: str) -> int:
        name = str(self._endpoint.transportGetInfo(self._open(transport)).localName)
        return int(name.rpartition(":")[2])

    def _account_config(self, start: Message, bridge: Message | None) -> Any:
        config = pj.AccountConfig()
        config.idUri = start["identity"]
        if bridge:
            # The outbound proxy takes every request, whatever domain is dialled; "hide" keeps it out of the message.
            hop = f"sip:{bridge['host']}:{bridge['port']};transport={bridge['transport']};lr;hide"
            config.sipConfig.proxies.append(hop)
        if start["username"]:
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", start["username"], 0, start["password"]))
        config.natConfig.contactRewriteUse = config.natConfig.viaRewriteUse = config.natConfig.sdpNatRewriteUse = 0
        config.natConfig.contactUseSrcPort = config.natConfig.sipOutboundUse = 0
        config.natConfig.iceEnabled = False
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_OPTIONAL
        config.mediaConfig.srtpSecureSignaling = 0
        config.mediaConfig.transportConfig.boundAddress = start["address"]
        return config

    def _dial(self, command: Message) -> str:
        call = Call(self, self._account, command["call"])
        self._calls[call.name] = call
        try:
            call.makeCall(command["uri"], pj.CallOpParam(True))
        except pj.Error:
            self._calls.pop(call.name, None)
            self._ended.append(call)
            raise
        return str(call.getInfo().callIdString)

    def incoming(self, pjsua_id: int, uri: str) -> None:
        self._incoming += 1
        call = Call(self, self._account, f"in-{self._incoming}", pjsua_id)
        self._calls[call.name] = call
        self.tell(event="incoming", call=call.name, call_id=call.getInfo().callIdString, uri=uri)
        ringing = pj.CallOpParam()
        ringing.statusCode = 180
        call.answer(ringing)

    def moved(self, call: Call, state: str, status: int, reason: str) -> None:
        self.tell(event="state", call=call.name, state=state, status=status, reason=reason)
        if state == "ended":
            self._calls.pop(call.name, None)
            self._ended.append(call)

    def _close(self) -> None:
        """Hang up, give the far end a moment, and free every Call before the library ends: else it aborts."""
        if self._account:
            self._endpoint.hangupAllCalls()
            for _ in range(20):
                if not self._calls:
                    break
                self._endpoint.libHandleEvents(_POLL_MS)
            self._calls.clear()
            self._ended.clear()
            self._account.shutdown()
            self._account = None
            self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)  # the BYEs have left already


class Account(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child

    def onIncomingCall(self, prm: Any) -> None:
        request_line = str(prm.rdata.wholeMsg).partition("\r\n")[0]
        self._child.incoming(prm.callId, request_line.split(" ")[1])


class Call(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    def __init__(self, child: Child, account: Account | None, name: str, pjsua_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, pjsua_id)
        self._child = child
        self.name = name

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if state := _STATES.get(info.state):
            self._child.moved(self, state, info.lastStatusCode, info.lastReason)


def _send_digits(call: Call, digits: str) -> None:
    sent = pj.CallSendDtmfParam()
    sent.method = pj.PJSUA_DTMF_METHOD_SIP_INFO
    sent.digits = digits
    call.sendDtmf(sent)


def main() -> None:
    output = os.dup(1)
    os.dup2(2, 1)  # whatever the library prints must not look like an event
    Child(output).run()


if __name__ == "__main__":
    main()
    sys.exit(0)
