// What is needed once: to find the first till, and to say that one was replaced.
// It is loaded when there is something of it to show.
"use strict";

const setupButton = (word, args, data) => {
  const b = element("button", { type: "button" }, say(word, args));
  Object.assign(b.dataset, data);
  return b;
};

// drawSetup draws the search of an agent that has no till.
function drawSetup() {
  const s = !gone && picture && picture.setup;
  $("setup").hidden = !s;
  if (!s) return;
  const out = [];
  if (s.finding) out.push(element("p", {}, say("setup.finding") + (s.places ? " " + s.tried + "/" + s.places : "")));
  else if (!picture.session) out.push(element("p", {}, say("act.locked")));
  else out.push(setupButton("setup.find", {}, { setup: "find" }));
  if (s.error) out.push(element("p", {}, s.error));
  if (s.done && !s.found.length && !s.error) out.push(element("p", {}, say("setup.none")));
  for (const f of s.found) {
    const about = [f.model, f.serial && "№ " + f.serial, f.wire].filter(Boolean).join(", ");
    out.push(picture.session && !s.finding ? setupButton("setup.adopt", { what: about }, { setup: "adopt", wire: f.wire }) : element("p", {}, about));
  }
  fill($("setup"), out);
}

// replaced offers to take the device that answers for the till.
function replaced(t) {
  const is = t.facts.problems && t.facts.problems.find((l) => /swapped$/.test(l.key));
  return is && picture.session ? [setupButton("accept", {}, { setup: "accept", till: t.till, why: say(is.key, is.args) })] : [];
}

document.addEventListener("click", (e) => {
  const b = e.target.closest("button[data-setup]");
  if (!b) return;
  e.stopPropagation();
  if (b.dataset.setup === "find") post("/page/find", {});
  if (b.dataset.setup === "adopt") post("/page/adopt", { wire: b.dataset.wire });
  if (b.dataset.setup === "accept") {
    const no = element("button", { type: "button" }, say("confirm.no"));
    const yes = element("button", { type: "button" }, say("accept"));
    no.addEventListener("click", details);
    yes.addEventListener("click", () => {
      closePanel();
      post("/page/accept", { till: b.dataset.till });
    });
    show("confirm", element("h2", {}, say("confirm")), element("p", {}, b.dataset.why), element("div", { className: "choices" }, no, yes));
  }
}, true);
draw();
