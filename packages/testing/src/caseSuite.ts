import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ComplianceCase } from './transportCompliance.ts';

/** A case that a standard decides: what is put in, and what may come out. */
export interface SuiteCase {
  /** Unique within its suite; what it is about. */
  readonly title: string;
  /** Document and section, e.g. `RFC 9112 §6.3`. */
  readonly source: string;
  /** Outcomes that the source allows. Absent where the answer of the suite's reference is the one that is right. */
  readonly allowed?: readonly string[];
  /** What ours does although the source does not allow it, and why. */
  readonly deviation?: { readonly outcome: string; readonly reason: string };
  /** Puts it in, and tells in a line what came out. */
  readonly run: () => Promise<string> | string;
}

/** A foreign program that is given the same cases. */
export interface SuitePeer {
  /** Its command, e.g. `nginx`. */
  readonly name: string;
  readonly isInstalled: () => boolean;
  readonly version: () => Promise<string>;
  /** Outcome of each case by its title; cases that it cannot be given are left out. */
  readonly run: () => Promise<Readonly<Record<string, string>>>;
}

export interface CaseSuite {
  /** Of its record, e.g. `http1-messages`. */
  readonly name: string;
  readonly title: string;
  /** What is tested, and how; Markdown. */
  readonly about: string;
  readonly cases: readonly SuiteCase[];
  readonly peers?: readonly SuitePeer[];
  /** What of an outcome is compared with that of a peer, e.g. whether a message was taken. Default: all of it. */
  readonly classOf?: (outcome: string) => string;
  /** The peer whose answer is right where a case names no allowed outcomes. */
  readonly reference?: string;
}

/** What a run gave. Written by `tools/conformance.ts`, never by hand. */
export interface SuiteRecord {
  /** Outcome of each case by its title. */
  readonly ours: Readonly<Record<string, string>>;
  readonly peers: Readonly<
    Record<string, { readonly version: string; readonly outcomes: Readonly<Record<string, string>> }>
  >;
}

export type SuiteVerdict = 'conforms' | 'deviates' | 'fails';

/** The allowed outcomes of a case; of a reference that has none they are none. */
export function allowedOutcomes(suite: CaseSuite, each: SuiteCase, record: SuiteRecord): readonly string[] {
  if (each.allowed !== undefined) return each.allowed;
  const answer = suite.reference === undefined ? undefined : record.peers[suite.reference]?.outcomes[each.title];
  return answer === undefined ? [] : [answer];
}

/** `deviates` is said of what is known and has a reason. */
export function judge(suite: CaseSuite, each: SuiteCase, outcome: string, record: SuiteRecord): SuiteVerdict {
  if (allowedOutcomes(suite, each, record).includes(outcome)) return 'conforms';
  return each.deviation?.outcome === outcome ? 'deviates' : 'fails';
}

/** Reads the record of a suite from a folder; an empty one when there is none. */
export function readRecord(folder: URL, name: string): SuiteRecord {
  try {
    return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as SuiteRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ours: {}, peers: {} };
    throw error;
  }
}

/**
 * A suite for a test runner: one test a case, which must have an outcome that is allowed or a deviation with its reason,
 * and the one that is recorded; and one that the record has the cases of the suite and no others.
 */
export function suiteTests(suite: CaseSuite, record: SuiteRecord): ComplianceCase[] {
  const tests = suite.cases.map((each) => ({
    title: `${each.title} (${each.source})`,
    run: async () => {
      const outcome = await each.run();
      const wanted = [...allowedOutcomes(suite, each, record), ...(each.deviation ? [each.deviation.outcome] : [])];
      assert.ok(wanted.includes(outcome), `it gave "${outcome}", and not "${wanted.join('" or "')}"`);
      assert.equal(outcome, record.ours[each.title], 'it is recorded otherwise: run "node tools/conformance.ts"');
    },
  }));
  const titles = suite.cases.map(({ title }) => title);
  return [
    ...tests,
    {
      title: 'has each case once, and each in its record',
      run: async () => {
        assert.equal(new Set(titles).size, titles.length, `twice: ${twice(titles).join('; ')}`);
        assert.deepEqual(Object.keys(record.ours), titles, 'run "node tools/conformance.ts"');
      },
    },
    {
      title: 'has no deviation that is none',
      run: async () => {
        const idle = suite.cases.filter(
          ({ deviation, allowed }) => allowed?.includes(deviation?.outcome ?? '') ?? false,
        );
        assert.deepEqual(
          idle.map(({ title }) => title),
          [],
        );
      },
    },
  ];
}

function twice(titles: readonly string[]): string[] {
  return titles.filter((title, at) => titles.indexOf(title) !== at);
}
