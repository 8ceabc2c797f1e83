import { defineConfig } from "vitest/config";

// The cabinet in a real browser against the real programs: `npm run e2e`. One file after another, each with a shop of its own.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.e2e.ts"],
    environment: "node",
    fileParallelism: false,
    sequence: { shuffle: false },
    testTimeout: 60_000,
    hookTimeout: 180_000,
    bail: 1,
  },
});
