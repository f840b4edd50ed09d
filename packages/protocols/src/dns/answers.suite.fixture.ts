import { createHash } from 'node:crypto';
import { createScope } from '@roundhouse/core';
import { createRuntime } from '@roundhouse/net';
import {
  type CaseSuite,
  nameServersAvailable,
  startNamed,
  startPeer,
  type SuiteCase,
  type SuitePeer,
} from '@roundhouse/testing';
import { ANSWER_ZONE, NAMES, ORIGIN, TYPES } from './answerZone.fixture.ts';
import { rcodeName } from './message/codes.ts';
import { decodeMessage } from './message/decode.ts';
import { encodeMessage } from './message/encode.ts';
import type { ResourceRecord } from './message/message.ts';
import type { QuestionType } from './message/types.ts';
import { Responder } from './server/responder.ts';
import { ZoneTable } from './server/zoneTable.ts';
import { parseZone } from './zone/text.ts';

const HOST = '127.0.0.1';
const UDP_BYTES = 1_232;
const ANSWER_MS = 10_000;
const LONGEST_SHOWN = 120;

interface Asked {
  readonly title: string;
  readonly name: string;
  readonly type: QuestionType;
}

const QUESTIONS: readonly Asked[] = NAMES.flatMap((short) =>
  TYPES.map((type) => {
    const name = short === '@' ? ORIGIN : short === '.' ? '.' : `${short}.${ORIGIN}`;
    return { title: `${name} ${type}`, name, type };
  }),
);

const queryOf = ({ name, type }: Asked): Buffer =>
  Buffer.from(encodeMessage({ id: 1, questions: [{ name, type }], edns: { udpBytes: UDP_BYTES } }));

/** What an answer says, whatever the order and the case of its records; long data by its digest. */
function outcomeOf(bytes: Uint8Array): string {
  const { rcode, isAuthoritative, isTruncated, answers, authorities } = decodeMessage(bytes);
  const show = ({ name, ttl, data }: ResourceRecord): string => {
    const text = `${name} ${ttl} ${JSON.stringify(data)}`.toLowerCase();
    if (text.length <= LONGEST_SHOWN) return text;
    return `${text.slice(0, LONGEST_SHOWN / 2)}… ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  };
  const section = (records: readonly ResourceRecord[]): string => records.map(show).toSorted().join(' | ') || 'nothing';
  const flags = `${isAuthoritative ? ', authoritative' : ''}${isTruncated ? ', truncated' : ''}`;
  return `${rcodeName(rcode)}${flags}; answer: ${section(answers)}; authority: ${section(authorities)}`;
}

let desk: Responder | undefined;

function ourAnswer(asked: Asked): string {
  if (desk === undefined) {
    const zones = new ZoneTable();
    zones.set(parseZone(ANSWER_ZONE, { origin: ORIGIN }));
    desk = new Responder(zones, new Map(), { maxUdpBytes: UDP_BYTES });
  }
  const bytes = queryOf(asked);
  const answer = desk.respond(bytes, desk.read(bytes), true);
  return answer === undefined ? 'no answer' : outcomeOf(answer);
}

const named: SuitePeer = {
  name: 'named',
  isInstalled: () => nameServersAvailable('named'),
  version: () => versionOf('named', '-v'),
  async run() {
    await using server = await startNamed({ zones: { [ORIGIN]: ANSWER_ZONE } });
    const outcomes: Record<string, string> = {};
    for (const asked of QUESTIONS) outcomes[asked.title] = outcomeOf(await exchange(server.port, queryOf(asked)));
    return outcomes;
  },
};

/** The version that a program says of itself. */
export async function versionOf(command: string, ...args: readonly string[]): Promise<string> {
  let output = '';
  const peer = await startPeer(command, args);
  peer.onOutput((text) => void (output += text));
  peer.endInput();
  await peer.exited;
  return /\d+\.\d+[\w.]*/.exec(output)?.[0] ?? 'unknown';
}

/** Asks a server over UDP. */
export async function exchange(port: number, bytes: Uint8Array, timeoutMs = ANSWER_MS): Promise<Buffer> {
  using scope = createScope({ what: 'An answer', timeoutMs });
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  await using opened = await createRuntime().datagrams.open(
    {},
    { message: (answer) => resolve(Buffer.from(answer)) },
    scope,
  );
  opened.send(bytes, { host: HOST, port });
  return await scope.race(promise);
}

const ANSWERS: CaseSuite = {
  name: 'dns-answers',
  title: 'DNS answers',
  about:
    'Each of the names that a zone has, might have and has not is asked for with each of twelve types: aliases and their loops, empty non-terminals, delegations, wildcards, escapes. BIND says what is right: code, flags, answer and authority section must be the same. What stands in the additional section may differ.',
  cases: QUESTIONS.map(
    (asked): SuiteCase => ({ title: asked.title, source: 'RFC 1034 §4.3.2', run: () => ourAnswer(asked) }),
  ),
  reference: 'named',
  peers: [named],
};

export const SUITES: readonly CaseSuite[] = [ANSWERS];
