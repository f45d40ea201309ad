import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where a server runs while `npm run dev` serves the page. */
const server = process.env.AGENTMONITOR_URL ?? 'http://127.0.0.1:3141';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../src/agentmonitor/server/ui',
    emptyOutDir: true,
    assetsDir: 'assets',
    // Nothing may become a data: URL: the page's policy names 'self' for everything but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: {
    proxy: {
      '/api': {
        target: server,
        changeOrigin: true,
        // The server refuses an Origin that is not its own.
        headers: { origin: server },
      },
    },
  },
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    // Without it a test that reads a file of styles finds it empty.
    css: true,
  },
});
