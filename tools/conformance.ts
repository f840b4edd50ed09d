/**
 * Runs the conformance suites of the protocols and writes what they gave into the records from which
 * docs/protocols/conformance.md is made. Peers that are not installed keep what was recorded of them.
 *
 *   node tools/conformance.ts [--only NAME] [--without-peers]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { CaseSuite, SuiteRecord } from '@roundhouse/testing';

registerHooks({
  resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
});

const { findSuites, RECORDS } = await import('./docs/suites.ts');
const { judge, readRecord } = await import('@roundhouse/testing');
const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, 'without-peers': { type: 'boolean', default: false } },
});

mkdirSync(RECORDS, { recursive: true });
const suites = (await findSuites()).filter(({ name }) => flags.only === undefined || name.includes(flags.only));
for (const suite of suites) {
  const record: SuiteRecord = { ours: await outcomesOf(suite), peers: await peersOf(suite) };
  writeFileSync(fileURLToPath(new URL(`${suite.name}.json`, RECORDS)), `${JSON.stringify(record, null, 2)}\n`);
  const failed = suite.cases.filter((each) => judge(suite, each, record.ours[each.title] ?? '', record) === 'fails');
  const deviating = suite.cases.filter(
    (each) => judge(suite, each, record.ours[each.title] ?? '', record) === 'deviates',
  );
  const counts = `${suite.cases.length} cases, ${deviating.length} deviate, ${failed.length} fail`;
  process.stdout.write(`${suite.name}: ${counts}\n`);
  for (const { title, allowed } of failed) {
    const wanted = allowed?.join('" or "') ?? record.peers[suite.reference ?? '']?.outcomes[title];
    process.stdout.write(`  ${title}: "${record.ours[title]}", and not "${wanted}"\n`);
  }
  if (failed.length > 0) process.exitCode = 1;
}

async function outcomesOf({ cases }: CaseSuite): Promise<SuiteRecord['ours']> {
  const outcomes: Record<string, string> = {};
  for (const { title, run } of cases) outcomes[title] = await run();
  return outcomes;
}

async function peersOf({ name, peers = [] }: CaseSuite): Promise<SuiteRecord['peers']> {
  const before = readRecord(RECORDS, name).peers;
  const found: Record<string, SuiteRecord['peers'][string]> = {};
  for (const peer of peers) {
    const kept = before[peer.name];
    if (!flags['without-peers'] && peer.isInstalled()) {
      found[peer.name] = { version: await peer.version(), outcomes: await peer.run() };
    } else if (kept !== undefined) found[peer.name] = kept;
  }
  return found;
}
