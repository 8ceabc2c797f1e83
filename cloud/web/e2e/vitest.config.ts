import { defineConfig } from "vitest/config";

// The cabinet in a real browser against the real programs: `npm run e2e`. One file after another, each with a shop of its own.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.e2e.ts"],
    environment: "node",
    fileParallelism: false,
    sequence: { shuffle: false },
    // A crowded computer is slow, not wrong: only a failure takes so long.
    testTimeout: 240_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    bail: 1,
  },
});
