// Eyes and fingers for browser_test.go: a headless chromium that is told what to
// do by lines of JSON on standard input, and answers each with one on standard
// output. It judges nothing.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [, , modules, executablePath] = process.argv;
const { chromium } = createRequire(modules)("playwright-core");
// A crowded computer is slow, not wrong: only a failure takes so long.
const PATIENCE = 120_000;
const browser = await chromium.launch({
  executablePath,
  timeout: PATIENCE,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const pages = new Map();

// recorder writes down every change of what the big field shows.
function recorder() {
  window.seen = [];
  const look = () => {
    const d = document.body?.dataset;
    if (!d?.colour) return;
    const now = { at: Date.now(), colour: d.colour, phase: d.phase || "", operation: d.operation || "", count: document.getElementById("count")?.textContent || "" };
    const last = window.seen.at(-1);
    if (!last || ["colour", "phase", "operation", "count"].some((k) => last[k] !== now[k])) window.seen.push(now);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}

const acts = {
  async open({ page, url, width = 1440, height = 900, language = "ru-RU" }) {
    if (!pages.has(page)) {
      const context = await browser.newContext({ viewport: { width, height }, locale: language });
      await context.addInitScript(recorder);
      const p = await context.newPage();
      p.setDefaultTimeout(PATIENCE);
      p.faults = [];
      p.on("pageerror", (e) => p.faults.push(String(e)));
      p.on("console", (m) => { if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) p.faults.push(m.text()); });
      pages.set(page, p);
    }
    await pages.get(page).goto(url);
    return {};
  },
  async wait({ page, when, ms }) {
    // when is an expression over d, the data of the page.
    await pages.get(page).waitForFunction(new Function(`const d = document.body.dataset; return ${when};`), null, { timeout: ms, polling: 50 });
    return {};
  },
  async see({ page }) {
    const p = pages.get(page);
    return {
      faults: p.faults,
      ...(await p.evaluate(() => {
        const text = (id) => document.getElementById(id).innerText.replaceAll("\u00a0", " ");
        const size = (id) => Number.parseFloat(getComputedStyle(document.getElementById(id)).fontSize);
        return {
          ...document.body.dataset, headline: text("headline"), advice: text("advice"), count: text("count"), about: text("about"), ask: text("ask"), setup: text("setup"), todo: text("todo"),
          guide: document.querySelectorAll("#guide svg").length, notice: text("notice"), panel: document.getElementById("panel").open ? text("panel") : "",
          tabs: [...document.querySelectorAll("#tabs button")].map((b) => getComputedStyle(b).backgroundColor),
          focus: document.activeElement?.innerText || "", keys: text("keys"), age: text("age"), size: size("headline"), advice_size: size("advice"),
          wide: document.documentElement.scrollWidth > document.documentElement.clientWidth, seen: window.seen,
        };
      })),
    };
  },
  async key({ page, key }) {
    await pages.get(page).keyboard.press(key);
    return {};
  },
  async click({ page, what }) {
    await pages.get(page).click(what);
    return {};
  },
  async shot({ page, file, width = 1440, height = 900 }) {
    const p = pages.get(page);
    await p.setViewportSize({ width, height });
    await p.screenshot({ path: file, animations: "disabled" });
    return {};
  },
  async close({ page }) {
    await pages.get(page)?.context().close();
    pages.delete(page);
    return {};
  },
};

const answer = (v) => process.stdout.write(JSON.stringify(v) + "\n");
answer({ id: 0 });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, act, ...rest } = JSON.parse(line);
  acts[act](rest).then((v) => answer({ id, ...v }), (e) => answer({ id, error: String(e) }));
}
await browser.close();
