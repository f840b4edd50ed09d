import assert from 'node:assert/strict';
import type { ComplianceCase, MakeStore } from './compliance/bed.ts';
import { deliveryCases } from './compliance/deliveries.ts';
import { eventCases } from './compliance/events.ts';
import { leaseCases } from './compliance/leases.ts';
import { agreesWithModel } from './compliance/properties.ts';
import { resourceCases } from './compliance/resources.ts';
import { valueCases } from './compliance/values.ts';
import { watchCases } from './compliance/watch.ts';

export type { MakeStore } from './compliance/bed.ts';

export interface StoreTest {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** What every store must do, whatever keeps it. For a test runner: one test a case. `runs` is of random histories. */
export function storeCompliance(make: MakeStore, { runs }: { readonly runs: number }): StoreTest[] {
  const cases = [...resourceCases, ...valueCases, ...watchCases, ...eventCases, ...leaseCases, ...deliveryCases];
  return [...cases.map((each) => ({ title: each.title, run: () => inBed(make, each) })), agreesWithModel(make, runs)];
}

async function inBed(make: MakeStore, { run }: ComplianceCase): Promise<void> {
  const bed = await make();
  try {
    await run(bed);
  } finally {
    await bed.store.close();
    await bed.release();
  }
  await bed.clock.advance(0);
  assert.equal(bed.clock.pendingTimers, 0, 'a timer is left behind');
}
