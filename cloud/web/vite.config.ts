import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The cabinet's pages are embedded in chekan-cloud: the build goes where its package site embeds it from.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../internal/site/dist",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: {
      // In development the pages come from Vite and everything else from a running chekan-cloud.
      "^/[a-z]+\\.v1\\.": { target: process.env.CHEKAN_CLOUD ?? "http://127.0.0.1:8080", changeOrigin: true },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 30_000,
    setupFiles: ["src/app/test-setup.ts"],
  },
});
