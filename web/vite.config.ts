// How the console is built, tested, and served during development.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// In development the API is elsewhere: the mock by default, or a running Sereno.
const api = process.env['SERENO_URL'] ?? 'http://127.0.0.1:8793'

export default defineConfig({
  plugins: [react()],
  build: {
    // The policy that the page is served with forbids scripts and fonts inlined as data.
    assetsInlineLimit: 0,
    // One file of styles and one of code: they come from the same machine, in one round trip each.
    cssCodeSplit: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': api, '/log/checkpoint': api, '/log/tile': api } },
  test: {
    environment: 'jsdom',
    include: ['test/**/*.test.{ts,tsx}'],
    setupFiles: ['test/setup.ts'],
  },
})
