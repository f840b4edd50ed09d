import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoundhouseError } from '@roundhouse/core';
import {
  type CaseSuite,
  isInstalled,
  nameServersAvailable,
  startNamed,
  startPeer,
  type SuiteCase,
  type SuitePeer,
} from '@roundhouse/testing';
import { exchange, versionOf } from './answers.suite.fixture.ts';
import { MESSAGE_CASES, QUERY_CASES, ZONE_CASES, ZONE_HEAD, ZONE_ORIGIN } from './edgeCases.fixture.ts';
import { rcodeName } from './message/codes.ts';
import { decodeMessage } from './message/decode.ts';
import { Responder } from './server/responder.ts';
import { ZoneTable } from './server/zoneTable.ts';
import { formatZone, parseZone } from './zone/text.ts';

/** BIND says nothing to some queries: this long it is waited for. */
const SILENCE_MS = 500;
const hexBytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const codeOf = (error: unknown): string =>
  isRoundhouseError(error) ? error.code : `another failure: ${String(error)}`;

/** The names and the data of a message, or why it is none. */
function readMessage(bytes: Buffer): string {
  try {
    const { questions, answers, authorities, additionals, edns } = decodeMessage(bytes);
    const records = [...answers, ...authorities, ...additionals].map(({ name, ttl, data }) => {
      const { type, ...fields } = data as unknown as Readonly<Record<string, unknown>>;
      const values = Object.values(fields).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value),
      );
      return [name, ttl, type, ...values].join(' ');
    });
    const option =
      edns === null ? [] : [`EDNS ${edns.version} of ${edns.udpBytes} bytes, ${edns.options?.length} options`];
    return ['read', ...questions.map(({ name, type }) => `${name} ${type}?`), ...records, ...option].join('; ');
  } catch (error) {
    const code = codeOf(error);
    return code === 'DNS_MESSAGE_INVALID' ? 'refused' : code;
  }
}

function answerTo(bytes: Buffer): string {
  const zones = new ZoneTable();
  zones.set(parseZone(`${ZONE_HEAD}www A 192.0.2.80\n`, { origin: ZONE_ORIGIN }));
  const desk = new Responder(zones, new Map(), { maxUdpBytes: 1_232 });
  const answer = desk.respond(bytes, desk.read(bytes), true);
  return answer === undefined ? 'no answer' : codeIn(answer);
}

function codeIn(answer: Uint8Array): string {
  const { rcode, answers, isTruncated } = decodeMessage(answer);
  return `${rcodeName(rcode)}${answers.length > 0 ? `, ${answers.length} records` : ''}${isTruncated ? ', truncated' : ''}`;
}

function readZoneText(text: string): string {
  try {
    const zone = parseZone(`${ZONE_HEAD}${text}\n`, { origin: ZONE_ORIGIN });
    const lines = formatZone(zone).trimEnd().split('\n').slice(3);
    return ['taken', ...lines].join('; ');
  } catch (error) {
    const code = codeOf(error);
    return code === 'DNS_ZONE_INVALID' ? 'refused' : code;
  }
}

const bindServer: SuitePeer = {
  name: 'named',
  isInstalled: () => nameServersAvailable('named'),
  version: () => versionOf('named', '-v'),
  async run() {
    await using server = await startNamed({ zones: { [ZONE_ORIGIN]: `${ZONE_HEAD}www A 192.0.2.80\n` } });
    const outcomes: Record<string, string> = {};
    for (const [title, , hex] of QUERY_CASES) {
      outcomes[title] = await exchange(server.port, hexBytes(hex), SILENCE_MS).then(codeIn, (error: unknown) => {
        if (codeOf(error) === 'DEADLINE_EXCEEDED') return 'no answer';
        throw error;
      });
    }
    return outcomes;
  },
};

const bindZones: SuitePeer = {
  name: 'named-checkzone',
  isInstalled: () => isInstalled('named-checkzone'),
  version: () => versionOf('named-checkzone', '-v'),
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-zones-'));
    try {
      const outcomes: Record<string, string> = {};
      for (const [title, , text] of ZONE_CASES) {
        const file = join(folder, 'zone');
        await writeFile(file, `${ZONE_HEAD}${text}\n`);
        const peer = await startPeer('named-checkzone', ['-k', 'ignore', '-i', 'none', ZONE_ORIGIN, file]);
        peer.endInput();
        outcomes[title] = (await peer.exited).code === 0 ? 'taken' : 'refused';
      }
      return outcomes;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const MESSAGES: CaseSuite = {
  name: 'dns-messages',
  title: 'DNS messages',
  about:
    'Messages as bytes, to the decoder that our resolver and our server read with: compression pointers that lead anywhere, lengths that lie, types that nobody knows, EDNS as it should not be.',
  cases: MESSAGE_CASES.map(
    ([title, source, hex, allowed]): SuiteCase => ({
      title,
      source: `RFC ${source}`,
      allowed,
      run: () => readMessage(hexBytes(hex)),
    }),
  ),
};

const QUERIES: CaseSuite = {
  name: 'dns-queries',
  title: 'DNS queries',
  about:
    'Queries as bytes, to our server and to BIND over UDP: which are answered, with which code, and which are not.',
  cases: QUERY_CASES.map(
    ([title, source, hex, allowed]): SuiteCase => ({
      title,
      source: `RFC ${source}`,
      allowed,
      run: () => answerTo(hexBytes(hex)),
    }),
  ),
  peers: [bindServer],
};

const ZONES: CaseSuite = {
  name: 'dns-zone-files',
  title: 'Zone files',
  about:
    'Texts of zone files: escapes, quotes, parentheses, names that are too long, records of unknown types, what is left out and what is too much. `named-checkzone` is given the same files.',
  cases: ZONE_CASES.map(
    ([title, source, text, allowed, deviation]): SuiteCase => ({
      title,
      source: `RFC ${source}`,
      allowed,
      ...(deviation && { deviation }),
      run: () => readZoneText(text),
    }),
  ),
  classOf: (outcome) => (outcome.startsWith('taken') ? 'taken' : outcome),
  peers: [bindZones],
};

export const SUITES: readonly CaseSuite[] = [MESSAGES, QUERIES, ZONES];
