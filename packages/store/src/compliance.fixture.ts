import assert from 'node:assert/strict';
import type { ComplianceCase, MakeStore } from './compliance/bed.fixture.ts';
import { deliveryCases } from './compliance/deliveries.fixture.ts';
import { eventCases } from './compliance/events.fixture.ts';
import { leaseCases } from './compliance/leases.fixture.ts';
import { mailboxCases } from './compliance/mailbox.fixture.ts';
import { agreesWithModel } from './compliance/properties.fixture.ts';
import { resourceCases } from './compliance/resources.fixture.ts';
import { valueCases } from './compliance/values.fixture.ts';
import { watchCases } from './compliance/watch.fixture.ts';

export type { MakeStore } from './compliance/bed.fixture.ts';

export interface StoreTest {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** What every store must do, whatever keeps it. For a test runner: one test a case. `runs` is of random histories. */
export function storeCompliance(make: MakeStore, { runs }: { readonly runs: number }): StoreTest[] {
  const cases = [
    ...resourceCases,
    ...valueCases,
    ...watchCases,
    ...eventCases,
    ...leaseCases,
    ...deliveryCases,
    ...mailboxCases,
  ];
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
