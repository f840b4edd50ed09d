import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Quick tests: two processes, no isolation between the files of each; they clean up after themselves. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['{packages,apps,bench,tools}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.process.test.ts'],
    isolate: false,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    // For the threads that they start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
  },
});
