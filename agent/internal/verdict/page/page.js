// The cashier's page. It decides nothing: colour, sentence and advice come from
// the agent; the page shows them, counts seconds and says when it hears nothing.
"use strict";

const LANGUAGES = ["ru", "kk", "en"];
const GUIDES = { paper: 3, cover: 2, reboot: 4 };
const CHARGE = 30 * 60e3; // a flat battery needs half an hour
const SILENCE = 5000; // the agent speaks every two seconds
const STALE = 15000; // facts older than this are marked
const $ = (id) => document.getElementById(id);

let words = {};
let language = remembered("language") || LANGUAGES.find((l) => (navigator.language || "").startsWith(l)) || "ru";
let picture = null; // the last event
let heardAt = 0; // when it came, on the page's own clock
let gone = "new"; // why nothing is heard
let source = null;
let chosen = remembered("till");
let panel = ""; // "details", "help", "confirm"
let noticeUntil = 0;
let noticeAbout = ""; // what was shown when it was said

function remembered(key) {
  try { return localStorage.getItem("chekan." + key); } catch { return null; }
}

function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem("chekan." + key);
    else localStorage.setItem("chekan." + key, value);
  } catch { /* a private window forgets */ }
}

// say gives a sentence. A problem newer than this page keeps its code.
function say(key, args = {}) {
  let text = words[key];
  if (text === undefined && key.startsWith("problem.")) {
    text = words["problem.unknown"];
    args = { ...args, code: key.slice(8) };
  }
  text = (text === undefined ? key : text).replace(/\{(\w+)\}/g, (all, name) => (name in args ? args[name] : all));
  return text.replace(/(\d) /g, "$1\u00a0").replace(/ (?=\d)/g, "\u00a0"); // a number stays with its word
}

function element(tag, props, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

function symbol(id) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", "#" + id);
  svg.append(use);
  return svg;
}

// put changes a text only when it differs, so that nothing is read out twice.
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// fill replaces children only when the drawing differs.
function fill(node, children) {
  const fresh = element("div", {}, ...children);
  if (node.innerHTML !== fresh.innerHTML) node.replaceChildren(...fresh.childNodes);
}

const passed = () => performance.now() - heardAt;

function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 100) return say("for.s", { n: s });
  return s < 6000 ? say("for.m", { n: Math.floor(s / 60) }) : say("for.h", { n: Math.floor(s / 3600) });
}

function ago(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 3) return say("ago.now");
  if (s < 100) return say("ago.s", { n: s });
  if (s < 6000) return say("ago.m", { n: Math.floor(s / 60) });
  return s < 172800 ? say("ago.h", { n: Math.floor(s / 3600) }) : say("ago.d", { n: Math.floor(s / 86400) });
}

function clock(ms) {
  const day = (d) => new Date(d).toDateString();
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return new Date(ms).toLocaleString(language, day(ms) === day(Date.now()) ? time : { day: "numeric", month: "short", ...time });
}

function money(inside) {
  try {
    return new Intl.NumberFormat(language === "en" ? "en" : "ru", { style: "currency", currency: inside.currency, currencyDisplay: "narrowSymbol" }).format(inside.sum / 100);
  } catch {
    return (inside.sum / 100).toFixed(2) + " " + inside.currency;
  }
}

const till = () => picture && (picture.tills.find((t) => t.till === chosen) || picture.tills[0]);

const result = (about) => say(about.result === "unknown" ? "unknown" : about.result + "." + about.what);

// shown is what stands in the big field: the agent's verdict, or that there is none.
function shown() {
  const t = till();
  if (gone) {
    const todo = [say("gone.todo")];
    if (t && t.about && t.about.result !== "unknown") todo.push(say("gone.last", { what: [result(t.about), t.about.fd ? say("fd", t.about) : "", clock(t.about.at_ms)].filter(Boolean).join(", ") }));
    return { colour: "grey", sign: "gone", phase: "gone", headline: say("gone"), advice: say("gone.advice"), todo, guide: "" };
  }
  if (!t) return { colour: "grey", sign: "grey", phase: "", headline: say("no_tills"), advice: "", todo: [say("no_tills.todo")], guide: "" };
  const todo = (t.todo || []).map((l) => say(l.key, l.args));
  if (t.phase === "person" && !picture.session) todo.push(say("person.locked"));
  if (t.ticket) todo.push(say(t.ticket.sent ? "ticket.sent" : "ticket.waiting", t.ticket));
  return {
    colour: t.colour, sign: t.phase === "person" ? "person" : t.colour, phase: t.phase || "",
    headline: say(t.headline), advice: t.advice ? say(t.advice) : "", todo, guide: t.guide || "",
  };
}

function count() {
  const t = till();
  if (gone || !t) return "";
  const lasted = (t.for_ms || 0) + passed();
  switch (t.phase) {
    case "working":
      return say("working", { n: Math.floor(lasted / 1000) });
    case "silent":
      return say("silent", { t: span(lasted) });
    case "settling": {
      const left = Math.ceil(((t.left_ms || 0) - passed()) / 1000);
      return left > 0 ? say("left", { n: left }) : say("longer");
    }
  }
  return "";
}

function about() {
  const t = till();
  if (gone || !t || !t.about) return [];
  const a = t.about;
  const at = element("span", { className: "dim" }, clock(a.at_ms) + ", " + ago(Date.now() - a.at_ms));
  if (t.colour === "grey") return [element("span", {}, say("last.done", { what: [result(a), a.fd ? say("fd", a) : ""].filter(Boolean).join(", "), when: clock(a.at_ms) }))];
  const out = [];
  if (a.fd) out.push(element("b", {}, say("fd", a)));
  if (t.inside && t.inside.sum) out.push(element("b", {}, money(t.inside)));
  return [...out, at];
}

function countdown(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
}

function timer() {
  const end = Number(remembered("charged"));
  if (!end) return say("timer.idle");
  const left = end - Date.now();
  if (left <= 0) return say("timer.done");
  return say("timer.left", { t: countdown(left) });
}

function steps(guide) {
  return Array.from({ length: GUIDES[guide] || 0 }, (_, i) => {
    const id = guide + "-" + (i + 1);
    const li = element("li", {}, symbol(id), element("span", {}, i + 1 + ". " + say("guide." + guide + "." + (i + 1))));
    if (id === "reboot-4") li.append(element("span", { className: "timer" }, timer()));
    return li;
  });
}

function tabs() {
  if (!picture || picture.tills.length < 2) return [];
  const current = till();
  return picture.tills.map((t, i) => {
    const b = element("button", { type: "button", tabIndex: -1 });
    const colour = gone ? "grey" : t.colour;
    b.dataset.colour = colour;
    b.dataset.till = t.till;
    b.setAttribute("aria-pressed", String(t === current));
    b.setAttribute("title", gone ? say("gone") : say(t.headline));
    b.append(symbol("sign-" + (gone ? "gone" : t.phase === "person" ? "person" : colour)), element("span", {}, (i < 9 ? i + 1 + " " : "") + (t.title || t.till)));
    return b;
  });
}

function keys() {
  const t = till();
  const list = [["F2", "key.print"], ["F3", "key.check"], ["F4", t && t.phase === "person" ? "key.decide" : "key.details"], ["F1", "key.help"], ["F8", "key.language"], ["Esc", "key.back"]];
  if (!picture || !picture.session) list.splice(0, 2);
  else list.splice(4, 0, ["F6", "key.join"]);
  if (picture && picture.tills.length > 1) list.unshift(["1–" + Math.min(9, picture.tills.length), "key.till"]);
  return list.map(([key, word]) => {
    const b = element("button", { type: "button", tabIndex: -1 }, element("kbd", {}, key), " " + say(word));
    b.dataset.key = key;
    return b;
  });
}

// question is what somebody in the cabinet asks the cashier to allow, while an
// answer still counts.
const question = () => (!gone && picture && (picture.asks || []).find((a) => a.left_ms > passed())) || null;

function ask() {
  const a = question();
  const id = a ? a.id : "";
  if (id && id !== document.body.dataset.ask && panel !== "confirm") closePanel(); // nothing hides a new question
  document.body.dataset.ask = id;
  $("ask").hidden = !a;
  if (!a) return;
  const more = picture.asks.length - 1;
  put($("ask-title"), say("ask"));
  put($("ask-who"), say("ask.who", { who: a.who, action: say(a.action) }));
  put($("ask-till"), [say("ask.till", a), more ? say("ask.more", { n: more }) : ""].filter(Boolean).join(" · "));
  fill($("ask-steps"), a.steps.map((s) => {
    const li = element("li", {}, words[s.key] || s.title);
    if (s.fiscal) li.append(element("b", {}, " (" + say("ask.fiscal") + ")"));
    return li;
  }));
  put($("ask-left"), say("ask.left", { t: countdown(a.left_ms - passed()) }));
  fill($("ask-keys"), picture.session ? [["F9", "key.agree"], ["F10", "key.refuse"]].map(([key, word]) => {
    const b = element("button", { type: "button" }, element("kbd", {}, key), " " + say(word));
    b.dataset.key = key;
    return b;
  }) : [element("p", {}, say("act.locked"))]);
}

// reply gives the cashier's word, and only about what he sees.
function reply(agree) {
  const a = question();
  if (!a) return;
  if (panel) closePanel();
  else post("/page/consent", { run: a.id, agree });
}

function draw() {
  const v = shown();
  const t = till();
  ask();
  Object.assign(document.body.dataset, { gone, colour: v.colour, phase: v.phase, till: t ? t.till : "", operation: (t && t.inside && t.inside.key) || "" });
  document.documentElement.lang = language;
  $("sign").firstElementChild.setAttribute("href", "#sign-" + v.sign);
  put($("headline"), v.headline);
  put($("advice"), v.advice);
  put($("count"), count());
  fill($("about"), about());
  fill($("todo"), v.todo.map((text) => element("li", {}, text)));
  fill($("guide"), steps(v.guide));
  fill($("tabs"), tabs());
  fill($("keys"), keys());
  once(t);
  fill($("agent"), gone || !picture ? [] : (picture.problems || []).map((l) => element("p", {}, say(l.key, l.args))));
  const never = !t || t.age_ms < 0;
  const age = never ? 0 : t.age_ms + passed();
  put($("age"), [never ? say("age.never") : say("age", { ago: ago(age) }), picture && !picture.session ? say("locked") : ""].filter(Boolean).join(" · "));
  $("age").classList.toggle("old", gone || never || age > STALE);
  if (noticeUntil && (performance.now() > noticeUntil || noticeAbout !== subject())) notice("", 0);
  put(document.head.querySelector("title"), v.headline + (t && picture.tills.length > 1 ? " · " + (t.title || t.till) : ""));
  if (panel === "details") details();
  if (panel === "help") help();
}

// once loads what is needed once: the first till, or another one in a till's place.
function once(t) {
  if (!$("setup").dataset.asked && picture && (picture.setup || (t && (t.facts.problems || []).some((l) => /swapped$/.test(l.key))))) {
    $("setup").dataset.asked = 1;
    document.head.append(element("script", { src: "/page/setup.js" }));
  }
  if (window.drawSetup) window.drawSetup();
}

const subject = () => ["colour", "phase", "till", "operation"].map((k) => document.body.dataset[k]).join();

function notice(text, ms) {
  put($("notice"), text);
  noticeAbout = subject();
  noticeUntil = ms ? performance.now() + ms : 0;
}

// Panels: one dialog with changing content.

function show(name, ...children) {
  const box = $("panel");
  const fresh = element("div", {}, ...children);
  const buttons = () => [...box.querySelectorAll("button")];
  const at = panel === name ? Math.max(0, buttons().indexOf(document.activeElement)) : 0;
  panel = name;
  if (!box.open) box.showModal();
  else if (box.innerHTML === fresh.innerHTML) return;
  box.replaceChildren(...fresh.childNodes);
  if (buttons()[at]) buttons()[at].focus();
}

function closePanel() {
  panel = "";
  if ($("panel").open) $("panel").close();
}

function details() {
  const t = till();
  if (!t) return;
  const f = t.facts;
  const i = t.inside || {};
  const row = (key, value) => (value ? [element("dt", {}, say(key)), element("dd", {}, value)] : []);
  const lines = (list) => element("ul", { className: "lines" }, ...list.map((x) => element("li", {}, x)));
  const out = [element("h2", {}, (t.title || t.till) + ": " + say(t.headline))];
  if (t.phase === "person") out.push(element("h3", {}, say("decide")), decide(t, i));
  if (window.replaced) out.push(...window.replaced(t));
  if (i.evidence && i.evidence.length) out.push(element("h3", {}, say("details.evidence")), lines(i.evidence));
  out.push(element("h3", {}, say("details.problems")), lines(f.problems ? f.problems.map((l) => say(l.key, l.args)) : [say("details.none")]));
  out.push(element("h3", {}, say("details.till")), element("dl", {},
    ...row("details.model", [f.model, f.serial && "№ " + f.serial].filter(Boolean).join(" ")),
    ...row("details.shift", f.shift || f.shift_open ? say(f.shift_open ? "shift.open" : "shift.closed", { n: f.shift || 0 }) : ""),
    ...row("details.fd", f.last_fd ? say("fd", { fd: f.last_fd }) : ""), ...row("details.paper", say("print." + f.paper)),
    ...row("details.raw", i.raw), ...row("details.cashier", i.cashier), ...row("details.key", i.key)));
  show("details", ...out);
}

function decide(t, inside) {
  if (!picture.session) return element("p", {}, say("person.locked"));
  if (!inside.choices) return element("p", {}, say("decide.none"));
  const box = element("div", { className: "choices" }, element("p", {}, say("decide.how")));
  for (const c of inside.choices) {
    const b = element("button", { type: "button" }, say(c.key, c));
    if (c.line) b.append(element("small", {}, c.line));
    b.addEventListener("click", () => confirm(c, inside.key));
    box.append(b);
  }
  return box;
}

// confirm asks once more; the safe answer has the focus.
function confirm(choice, key) {
  const no = element("button", { type: "button" }, say("confirm.no"));
  const yes = element("button", { type: "button" }, say("confirm.yes"));
  no.addEventListener("click", details);
  yes.addEventListener("click", () => {
    closePanel();
    post("/page/decide", { key, fd: choice.fd });
  });
  show("confirm", element("h2", {}, say("confirm")), element("p", {}, say(choice.key, choice)),
    element("p", {}, say(choice.key.replace("choose.", "confirm."), choice)), element("div", { className: "choices" }, no, yes));
}

function help() {
  const guide = (name) => element("ol", { className: "guides" }, ...steps(name));
  show("help", element("h2", {}, say("help")), guide("paper"), element("h3", {}), guide("cover"), element("h3", {}), guide("reboot"));
}

// Acts.

async function post(path, body) {
  if (gone || !picture) return;
  if (!picture.session) {
    notice(say("act.locked"), 15000);
    return;
  }
  notice(say("act.going"), 200000);
  try {
    const res = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const got = await res.json();
    const text = language === "ru" && got.text ? ". " + got.text : ""; // the agent's own sentences are Russian
    notice(got.key ? say(got.key) : say(got.ok ? "act.ok" : "act.failed") + text, 15000);
  } catch {
    notice(say("act.failed"), 15000);
  }
}

// joining is rare: its part of the page comes when it is asked for.
function joining() {
  if (!picture || !picture.session) notice(say("act.locked"), 15000);
  else if (window.join) window.join();
  else document.head.append(element("script", { src: "/page/join.js" }));
}

const act = (what) => till() && post("/page/act", { till: till().till, act: what });

function choose(n) {
  const t = picture && picture.tills[n];
  if (!t) return;
  chosen = t.till;
  remember("till", chosen);
  closePanel();
  draw();
}

function step(by) {
  if (picture && picture.tills.length) choose((picture.tills.indexOf(till()) + by + picture.tills.length) % picture.tills.length);
}

async function speak(l) {
  const res = await fetch("/page/words/" + l + ".json");
  words = await res.json();
  language = l;
  remember("language", l);
}

const KEYS = {
  F1: () => (panel === "help" ? closePanel() : help()),
  F2: () => act("finish_print"),
  F3: () => act("check"),
  F4: () => (panel === "details" ? closePanel() : details()),
  F6: () => (panel === "join" ? closePanel() : joining()),
  F7: () => remember("charged", remembered("charged") ? null : String(Date.now() + CHARGE)),
  F9: () => reply(true),
  F10: () => reply(false),
  F8: () => speak(LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length]).then(() => { closePanel(); draw(); }, () => {}),
  Escape: closePanel,
  ArrowLeft: () => panel || step(-1),
  ArrowRight: () => panel || step(1),
  ArrowUp: () => move(-1),
  ArrowDown: () => move(1),
};

function move(by) {
  const all = [...$("panel").querySelectorAll("button")];
  if (!all.length) return $("panel").open ? $("panel").scrollBy(0, by * 80) : window.scrollBy(0, by * 80);
  all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
}

function press(key) {
  if (/^[1-9]$/.test(key)) choose(Number(key) - 1);
  else if (KEYS[key]) KEYS[key]();
  else return false;
  draw();
  return true;
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat || (e.target.tagName === "INPUT" && !/^(F\d|Esc)/.test(e.key))) return;
  if (press(e.key)) e.preventDefault();
});
document.addEventListener("click", (e) => {
  const b = e.target.closest("button");
  if (!b) return;
  if (b.dataset.key) press(b.dataset.key === "Esc" ? "Escape" : b.dataset.key);
  else if (b.dataset.till && picture) choose(picture.tills.findIndex((t) => t.till === b.dataset.till));
});

// The stream. Silence is a dead agent, and said so at once.

function listen() {
  if (source) source.close();
  source = new EventSource("/page/events");
  source.onmessage = (e) => {
    picture = JSON.parse(e.data);
    heardAt = performance.now();
    gone = "";
    draw();
  };
  source.onerror = () => {
    gone ||= "hung up";
    draw();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  };
}

async function start() {
  try { await speak(LANGUAGES.includes(language) ? language : "ru"); } catch { setTimeout(start, 1000); return; }
  if (location.hash === "#link-spent") {
    notice(say("link.spent"), 60000);
    history.replaceState(null, "", "/");
  }
  draw();
  listen();
  setInterval(() => {
    if (!gone && passed() > SILENCE) {
      gone = "silence";
      listen();
    }
    draw();
  }, 250);
}

// It comes late: another panel may be open.
$("panel").addEventListener("close", () => { if (!$("panel").open) panel = ""; });
start();
