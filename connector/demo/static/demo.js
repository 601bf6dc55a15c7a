"use strict";
// Polls /api/state once a second and touches only what changed, so that a text being typed and the focus stay.

const POLL = 1000;
const byId = (id) => document.getElementById(id);
const drawn = new WeakMap();
const cards = new Map();
let state = null;
let ahead = 0; // this browser's clock minus the demo's

const INVITATION = [
  "The room joins this meeting by video.",
  "",
  "Join Zoom Meeting",
  "https://us02web.zoom.us/j/94512380671",
  "",
  "Meeting ID: 945 1238 0671",
  "Passcode: 471103",
].join("\n");

function element(tag, { text, className, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Replace the children of `parent` when `data` differs from what they were drawn from; a focused button is found again.
function draw(parent, data, make) {
  const text = JSON.stringify(data);
  if (drawn.get(parent) === text) return;
  drawn.set(parent, text);
  const focus = parent.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  parent.replaceChildren(...make(data));
  if (focus) [...parent.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label") === focus)?.focus();
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function timeIn(zone, iso, seconds = false) {
  const options = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone };
  if (seconds) options.second = "2-digit";
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(iso));
}

function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const demoNow = () => Date.now() - ahead;

// ---------------------------------------------------------------- talking to the demo

async function send(path, body = {}) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const data = answer.status === 204 ? null : await answer.json();
    say(answer.ok ? "" : data.error);
    return answer.ok ? data ?? true : null;
  } catch {
    say("The demo did not answer.");
    return null;
  } finally {
    void refresh();
  }
}

function say(text) {
  const banner = byId("message");
  banner.hidden = !text;
  setText(banner, text);
}

async function refresh() {
  try {
    const answer = await fetch("/api/state");
    if (!answer.ok) throw new Error(String(answer.status));
    state = await answer.json();
    ahead = Date.now() - Date.parse(state.now);
    byId("offline").hidden = true;
    show(state);
  } catch {
    byId("offline").hidden = false;
  }
}

// ---------------------------------------------------------------- drawing

function show(now) {
  setText(byId("bridge"), now.bridge);
  for (const room of now.rooms) showRoom(room);
  draw(byId("meetings"), now.meetings, drawMeetings);
  draw(byId("checks"), now.checks, (checks) =>
    checks.map((c) => element("li", { className: c.done ? "done" : "" },
      element("span", { className: "visually-hidden", text: c.done ? "Seen: " : "Not yet: " }), c.text)));
  draw(byId("events"), now.events, (events) => events.map(drawEvent));
  tick();
}

function drawMeetings(meetings) {
  if (!meetings.length) return [element("p", { className: "dim", text: "Nobody is in a meeting." })];
  return meetings.map((meeting) => element("div", { className: "meeting" },
    element("strong", { text: meeting.title || "Meeting" }), " ",
    element("code", { className: "dim", text: meeting.meeting_id }),
    element("div", { className: "people" }, ...(meeting.participants.length
      ? meeting.participants.map((p) => element("span", {
        className: p.waiting ? "person waiting" : "person",
        text: p.waiting ? `${p.name}: waits for the passcode` : p.name,
      }))
      : [element("span", { className: "dim", text: "empty" })]))));
}

function drawEvent(event) {
  return element("li", {},
    element("time", { text: timeIn(undefined, event.time, true), datetime: event.time }),
    element("code", { text: event.event }),
    element("span", { text: event.room }),
    element("span", { text: event.text, className: event.level }));
}

function showRoom(room) {
  const card = cards.get(room.id) ?? makeCard(room);
  const find = (name) => card.querySelector(name);
  setText(find(".unit"), `${room.unit} · ${room.address}`);
  setText(find(".behaviour"), room.behaviour);
  setText(find(".trouble"), room.trouble);
  find(".trouble").hidden = !room.trouble;
  draw(find(".calls"), room.calls, (calls) => calls.map((call) => drawCall(room, call)));
  draw(find(".screen"), [room.screen, room.calls.length > 0, room.has_screen], () => drawScreen(room));
  draw(find(".decisions"), room.decisions, (decisions) => decisions.map((d) => drawDecision(room, d)));
}

function makeCard(room) {
  const card = byId("room-template").content.firstElementChild.cloneNode(true);
  card.id = `room-${room.id}`;
  card.querySelector(".name").textContent = room.name;
  card.querySelector(".touch-name").textContent = room.name;
  card.querySelector(".touch").setAttribute("aria-label", `Touch panel in ${room.name}`);
  prepareEditor(card, room);
  byId("rooms").append(card);
  cards.set(room.id, card);
  return card;
}

function drawCall(room, call) {
  const end = element("button", { className: "end", text: "End", "aria-label": `End the call in ${room.name}` });
  end.addEventListener("click", () => send(`/api/rooms/${encodeURIComponent(room.id)}/hang-up`));
  const since = element("b", { className: "since", "data-since": call.since, "aria-hidden": "true" });
  const words = call.state === "connected" ? "In call " : "Dialling ";
  return element("div", { className: `call ${call.state}` },
    element("div", {}, element("strong", {}, words, since), element("span", { text: call.remote })), end);
}

function drawScreen(room) {
  if (!room.has_screen) return [element("li", { className: "empty", text: "This unit has no list of meetings to show." })];
  if (!room.screen.length) return [element("li", { className: "empty", text: "No meetings." })];
  return room.screen.map((line) => {
    const times = `${timeIn(room.zone, line.start)} – ${timeIn(room.zone, line.end)}`;
    const row = element("li", { className: "line" },
      element("div", {}, element("strong", { text: line.title }), element("span", { text: times })));
    if (line.button) {
      const join = element("button", {
        className: "join", text: "Join", title: `Dials ${line.button}`,
        "aria-label": `Join ${line.title} in ${room.name}`, "data-booking": line.booking_id,
      });
      join.disabled = room.calls.length > 0;
      join.addEventListener("click", () => {
        join.disabled = true;
        void send(`/api/rooms/${encodeURIComponent(room.id)}/join`, { booking_id: line.booking_id });
      });
      row.append(join);
    }
    return row;
  });
}

const OUTCOMES = { button: "Join button", no_button: "shown, no button", left_off: "not shown" };

function drawDecision(room, decision) {
  const verdicts = decision.evidence.map((e) => element("li", { className: e.verdict },
    element("span", { className: "visually-hidden", text: `${e.verdict}: ` }),
    element("b", { text: e.field }), " ", e.shown ? element("code", { text: e.shown }) : "",
    e.shown ? `: ${e.reason} ` : `${e.reason} `, element("span", { className: "dim", text: `(${[e.where, e.rule].filter(Boolean).join(", ")})` })));
  const badges = [element("span", { className: `badge ${decision.outcome}`, text: OUTCOMES[decision.outcome] })];
  if (decision.auto_join) badges.push(" ", element("span", { className: "badge button", text: "auto-join" }));
  return element("div", { className: "decision" },
    element("strong", { text: decision.title }), " ",
    element("span", { className: "dim", text: `${timeIn(room.zone, decision.start)} – ${timeIn(room.zone, decision.end)}` }), " ",
    ...badges,
    element("p", { text: decision.reason }),
    element("ul", { className: "evidence" }, ...verdicts));
}

function tick() {
  if (!state) return;
  setText(byId("clock"), timeIn(undefined, demoNow(), true));
  const rest = state.ends_at ? (Date.parse(state.ends_at) - demoNow()) / 1000 : null;
  setText(byId("rest"), rest === null ? "" : `ends in ${duration(rest)}`);
  for (const room of state.rooms) {
    const card = cards.get(room.id);
    if (card) setText(card.querySelector(".touch-clock"), timeIn(room.zone, demoNow()));
  }
  for (const since of document.querySelectorAll(".since")) {
    setText(since, duration((demoNow() - Date.parse(since.dataset.since)) / 1000));
  }
}

// ---------------------------------------------------------------- the calendar of a room

function prepareEditor(card, room) {
  const base = `/api/rooms/${encodeURIComponent(room.id)}`;
  const add = card.querySelector("form.add");
  const raw = card.querySelector("form.raw");
  add.elements.text.value = INVITATION;

  const shown = (calendar) => {
    if (!calendar) return;
    raw.elements.ics.value = calendar.text;
    raw.querySelector(".file").textContent = calendar.file;
    raw.querySelector(".problem").textContent = calendar.problem;
    card.querySelector(".entries").replaceChildren(...calendar.entries.map(entry));
  };
  const entry = (item) => {
    const button = (text, path, body) => {
      const made = element("button", { className: "plain", text, type: "button", "aria-label": `${text}: ${item.title}` });
      made.addEventListener("click", async () => shown(await send(`${base}/events/${path}`, body)));
      return made;
    };
    return element("li", {},
      element("span", { text: `${timeIn(room.zone, item.start)} – ${timeIn(room.zone, item.end)}  ${item.title}` }),
      element("span", { className: "actions" },
        button("5 min earlier", "move", { uid: item.uid, minutes: -5 }),
        button("5 min later", "move", { uid: item.uid, minutes: 5 }),
        button("Delete", "delete", { uid: item.uid })));
  };
  const load = async () => {
    try {
      shown(await (await fetch(`${base}/calendar`)).json());
    } catch {
      say("The demo did not answer.");
    }
  };

  card.querySelector("details.edit").addEventListener("toggle", (event) => event.target.open && load());
  card.querySelector(".reload").addEventListener("click", load);
  add.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = add.elements;
    shown(await send(`${base}/events/add`, {
      title: fields.title.value,
      in_minutes: Number(fields.in_minutes.value),
      minutes: Number(fields.minutes.value),
      text: fields.text.value,
    }));
  });
  raw.addEventListener("submit", async (event) => {
    event.preventDefault();
    shown(await send(`${base}/calendar`, { text: raw.elements.ics.value }));
  });
}

void refresh();
setInterval(refresh, POLL);
setInterval(tick, 1000);
