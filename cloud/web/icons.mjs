// Makes the pictures of the installed application out of the logo, by the chromium of the tests: `npm run icons`.
// The pictures are in git: a browser is not needed to build.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const folder = join(import.meta.dirname, "public");
const logo = readFileSync(join(folder, "favicon.svg"), "utf8");

/** A maskable picture is cut to any shape by the system: the logo stays within the middle, on ground to the edges. */
const ICONS = [
  { name: "icon-192.png", size: 192, logo: 1, ground: "transparent" },
  { name: "icon-512.png", size: 512, logo: 1, ground: "transparent" },
  { name: "icon-maskable-512.png", size: 512, logo: 0.62, ground: "#ffffff" },
  { name: "apple-touch-icon.png", size: 180, logo: 0.78, ground: "#ffffff" },
];

const executablePath =
  process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((p) => existsSync(p));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage();
for (const icon of ICONS) {
  await page.setViewportSize({ width: icon.size, height: icon.size });
  await page.setContent(
    `<style>body{margin:0;height:100vh;display:grid;place-items:center;background:${icon.ground}}
     svg{width:${icon.logo * 100}%}</style>${logo}`,
  );
  writeFileSync(join(folder, icon.name), await page.screenshot({ omitBackground: true }));
}
await browser.close();
