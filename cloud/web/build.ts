/** What the build adds to Vite's: the worker learns which files open the first pages, and these are weighed. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** Pages that open without a connection: their files lie in the browser from the first visit. */
export const OFFLINE: readonly string[] = [
  "src/app/Notices.tsx",
  "src/access/ProveDialog.tsx",
  "src/access/SignIn.tsx",
  "src/ui/windows.ts",
  "src/home/HomePage.tsx",
  "src/fleet/TillsPage.tsx",
  "src/fleet/TillPage.tsx",
  "src/documents/SearchPage.tsx",
  "src/documents/DocumentPage.tsx",
  "src/words/kk/index.ts",
  "src/words/en/index.ts",
];

/** A file of the build, as far as it matters here. */
export type Part = {
  /** Where it stands, without the leading slash. */
  file: string;
  /** Source it was begun with, from the root of the pages. */
  src?: string;
  isEntry?: boolean;
  imports: readonly string[];
  css: readonly string[];
};

/** Files that the given ones need at once, themselves included. */
export function closure(parts: readonly Part[], begin: readonly Part[]): string[] {
  const byFile = new Map(parts.map((p) => [p.file, p]));
  const found = new Set<string>();
  const visit = (part: Part | undefined) => {
    if (!part || found.has(part.file)) return;
    found.add(part.file);
    for (const css of part.css) found.add(css);
    for (const file of part.imports) visit(byFile.get(file));
  };
  for (const part of begin) visit(part);
  return [...found].sort();
}

/** The entry and the pages that open offline. */
export function firstFiles(parts: readonly Part[]): string[] {
  return closure(
    parts,
    parts.filter((p) => p.isEntry || OFFLINE.includes(p.src ?? "")),
  );
}

/** Tells the worker, as `__BUILT__`, its version and the files it fetches when it is installed. */
export function tellWorker(root: string): Plugin {
  return {
    name: "tell-worker",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("the build made no sw.js");
      const parts = partsOf(bundle, root);
      const fixed = readdirSync(join(root, "public")).filter((name) => !name.startsWith("."));
      const shell = ["/", ...[...firstFiles(parts), ...fixed].map((file) => `/${file}`)];
      const hash = createHash("sha256");
      for (const name of Object.keys(bundle).sort()) if (name !== "sw.js") hash.update(name);
      for (const name of fixed) hash.update(readFileSync(join(root, "public", name)));
      hash.update(worker.code).update(shell.join());
      const built = JSON.stringify({ version: hash.digest("hex").slice(0, 12), shell });
      if (!worker.code.includes("__BUILT__")) throw new Error("sw.js does not ask for __BUILT__");
      worker.code = worker.code.replace("__BUILT__", () => built);
    },
  };
}

/** Most that a first visit may cost, packed as the cabinet sends it. */
const BUDGET = 350 * 1024;

/** Pages that a visit begins with. */
const FIRST = ["src/home/HomePage.tsx", "src/fleet/TillsPage.tsx"];

/**
 * Says what a first visit costs: the entry, its styles and the heavier of the first pages. Too much fails `npm run
 * size`, which is a build in a mode of that name; another build only says so.
 */
export function weigh(root: string): Plugin {
  let strict = false;
  return {
    name: "weigh",
    configResolved(config) {
      strict = config.mode === "size";
    },
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const parts = partsOf(bundle, root);
      const packed = (file: string) => {
        const x = bundle[file];
        return x ? gzipSync(x.type === "chunk" ? x.code : x.source, { level: 6 }).length : 0;
      };
      const sizes = FIRST.map((src) => {
        if (!parts.some((p) => p.src === src)) throw new Error(`${src} is not in the build`);
        const begin = parts.filter((p) => p.isEntry || p.src === src);
        const bytes = closure(parts, begin).reduce((sum, file) => sum + packed(file), packed("index.html"));
        return { src, bytes };
      });
      const { src, bytes } = sizes.reduce((a, b) => (a.bytes > b.bytes ? a : b));
      const line = `SIZE first=${Math.round(bytes / 1024)}KB gzip page=${src} budget=${BUDGET / 1024}KB`;
      console.log(line);
      if (bytes > BUDGET && strict)
        throw new Error(`${line}: read pages and their libraries when they are opened, not before`);
    },
  };
}

/** The files of the build, but for the worker. */
function partsOf(bundle: Rolldown.OutputBundle, root: string): Part[] {
  return Object.values(bundle).flatMap((x) =>
    x.type !== "chunk" || x.fileName === "sw.js"
      ? []
      : {
          file: x.fileName,
          src: x.facadeModuleId?.replace(`${root}/`, ""),
          isEntry: x.isEntry,
          imports: x.imports,
          css: [...((x as WithCss).viteMetadata?.importedCss ?? [])],
        },
  );
}

/** Vite tells the styles of a chunk beside it. */
type WithCss = { viteMetadata?: { importedCss: Set<string> } };
