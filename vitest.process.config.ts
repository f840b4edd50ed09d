import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Suites that start, stop and kill real processes: each file in a process of its own, one after the other. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['{packages,apps,bench,tools}/**/*.process.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    isolate: true,
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Hundreds of processes and threads run the same sources: what Node.js makes of them is kept from one to the next.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
  },
});
