import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const SUITES = '{packages,apps,bench,tools}/**/*.process.test.ts';
const NO_SUITES = ['**/node_modules/**', '**/dist/**'];
/** What loads the machine, or says how soon or how much: nothing else may run beside it. */
const ALONE = ['packages/workers/src/{limits,supervisor}/**', 'apps/server/src/{gateway,growth}.process.test.ts'];

/**
 * Suites that start, stop and kill real processes: each file in a process of its own. Most wait more than they compute:
 * two of them at a time, then one after the other those that want the machine for themselves.
 */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    isolate: true,
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Hundreds of processes and threads run the same sources: what Node.js makes of them is kept from one to the next.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
    projects: [
      {
        extends: true,
        test: {
          name: 'in pairs',
          include: [SUITES],
          exclude: [...NO_SUITES, ...ALONE],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE.map((each) => (each.endsWith('**') ? `${each}/*.process.test.ts` : each)),
          exclude: NO_SUITES,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
