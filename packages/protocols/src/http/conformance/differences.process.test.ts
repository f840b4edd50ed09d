import { isInstalled, readRecord } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { RECORDS } from '../../conformance.fixture.ts';
import { SUITES } from './messages.suite.fixture.ts';

const PEERS = ['nginx', 'haproxy', 'caddy'];

describe.skipIf(!PEERS.every(isInstalled)).each(SUITES)('$title beside nginx, haproxy and caddy', (suite) => {
  it('our server takes no message that all three refuse, and each of them takes what is plainly good', async () => {
    const { ours, peers: recorded } = readRecord(RECORDS, suite.name);
    const theirs: Readonly<Record<string, string>>[] = [];
    for (const peer of suite.peers ?? []) {
      const outcomes = await peer.run();
      theirs.push(outcomes);
      const before = recorded[peer.name];
      // Of another version the record does not tell.
      if (before?.version === (await peer.version())) expect(outcomes).toEqual(before.outcomes);
    }
    expect(theirs).toHaveLength(PEERS.length);
    const laxer = suite.cases.filter(
      ({ title }) => ours[title]?.startsWith('200') && theirs.every((all) => all[title] === 'refused'),
    );
    expect(laxer.map(({ title }) => title)).toEqual([]);
    for (const all of theirs) {
      expect(
        suite.cases
          .filter(({ title }) => all[title] !== undefined)
          .slice(0, 3)
          .map(({ title }) => all[title]),
      ).toEqual(['taken', 'taken', 'taken']);
    }
  });
});
