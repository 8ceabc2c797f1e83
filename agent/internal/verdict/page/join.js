// Joining the cabinet by a code. Loaded when a person asks for it.
"use strict";

const joinField = (id, word, value) => {
  const input = element("input", { id, value, autocomplete: "off", spellcheck: false, required: true });
  return [element("label", { htmlFor: id }, say(word)), input];
};

async function join() {
  let at;
  try {
    const res = await fetch("/page/cabinet");
    at = await res.json();
    if (!res.ok) return notice(at.text, 15000);
  } catch {
    return notice(say("act.failed"), 15000);
  }
  const said = element("p", { role: "status" });
  const form = element("form", { className: "join" },
    ...joinField("join-code", "join.code", ""), ...joinField("join-cloud", "join.cloud", at.cloud),
    element("div", { className: "choices" }, element("button", {}, say("join.do"))), said);
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const go = form.querySelector("button");
    go.disabled = true;
    said.textContent = say("act.going");
    try {
      const body = JSON.stringify({ code: $("join-code").value.trim(), cloud: $("join-cloud").value.trim() });
      const got = await (await fetch("/page/join", { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
      if (got.ok) return show("join", element("h2", {}, say("join")), element("p", { role: "status" }, say("join.done", got)));
      said.textContent = got.text; // the agent's own sentences are Russian
    } catch {
      said.textContent = say("act.failed");
    }
    go.disabled = false;
  });
  // What is wrong with the line says more than that there is one.
  const now = at.problems ? "" : at.organisation ? say(at.online ? "join.is" : "join.away", at) : say("join.none");
  show("join", element("h2", {}, say("join")), element("p", {}, now), ...(at.problems || []).map((x) => element("p", {}, x)),
    element("p", {}, say(at.organisation ? "join.anew" : "join.how")), form);
  $("join-code").focus();
}
join();
