/** What a screen reader would stumble over, by axe-core (MPL-2.0). */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Finding = {
  id: string;
  impact: string | null;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
};

/** Nothing serious and nothing critical is found on the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(source);
  const findings = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: (where: Document, how: object) => Promise<{ violations: Finding[] }> };
    };
    return (await axe.run(document, { resultTypes: ["violations"] })).violations;
  });
  const serious = findings.filter((f) => f.impact === "serious" || f.impact === "critical");
  const told = serious.flatMap((f) =>
    f.nodes.slice(0, 3).map((n) => `${f.id}: ${f.help}: ${n.html.slice(0, 160)}: ${n.failureSummary ?? ""}`),
  );
  expect(told, page.url()).toEqual([]);
}
