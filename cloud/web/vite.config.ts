import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { tellWorker, weigh } from "./build.ts";

// The cabinet's pages are embedded in chekan-cloud: the build goes where its package site embeds it from.
export default defineConfig({
  plugins: [react(), tellWorker(import.meta.dirname), weigh(import.meta.dirname)],
  build: {
    outDir: "../internal/site/dist",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/worker/sw.ts" },
      output: {
        // A worker is known by its address: it has one for ever.
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: {
    proxy: {
      // In development the pages come from Vite and everything else from a running chekan-cloud.
      "^/[a-z]+\\.v1\\.": { target: process.env.CHEKAN_CLOUD ?? "http://127.0.0.1:8080", changeOrigin: true },
    },
  },
  test: {
    environment: "happy-dom",
    // What is closed is gone at once: half of a dialog is nothing a test should meet.
    environmentOptions: { happyDOM: { settings: { device: { prefersReducedMotion: "reduce" } } } },
    include: ["src/**/*.test.{ts,tsx}"],
    // A busy machine is slow, not wrong: only a failure takes so long.
    testTimeout: 240_000,
    hookTimeout: 60_000,
    setupFiles: ["src/app/test-setup.ts"],
  },
});
