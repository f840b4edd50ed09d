import fc from 'fast-check';
import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { createTestWorld, playServer } from '../mail/scriptedPeer.fixture.ts';
import { formatKnown } from './changes.ts';
import { connectImap, type ImapClient, type ImapEvent } from './index.ts';
import { CAPABILITIES, type FixtureOptions, playMailbox } from './mailbox.fixture.ts';
import { afterData, newlyOpened } from './openMailbox.ts';
import { type DataResponse, ResponseParser } from './response.ts';
import { UnexpectedForm } from './value.ts';
import { vanishedOf } from './vanished.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 1_000);

function data(line: string): DataResponse {
  const step = new ResponseParser().line(Buffer.from(line, 'latin1'));
  if (step.kind !== 'response' || step.response.kind !== 'data') throw new Error(`${line} is no data`);
  return step.response;
}

describe('VANISHED (RFC 7162 §3.2.10)', () => {
  it.each([
    // §3.2.5.1, §3.2.10.1, §3.2.10.2
    [
      '* VANISHED (EARLIER) 41,43:116,118,120:211',
      [
        [41, 41],
        [43, 116],
        [118, 118],
        [120, 211],
      ],
      true,
    ],
    [
      '* VANISHED 405,407,410,425',
      [
        [405, 405],
        [407, 407],
        [410, 410],
        [425, 425],
      ],
      false,
    ],
    ['* vanished (earlier) 9:3', [[3, 9]], true],
    ['* VANISHED 1:4294967295', [[1, 4_294_967_295]], false],
  ])('%s is read', (line, ranges, isEarlier) => {
    const uids = ranges.map(([from, to]) => ({ from, to }));
    expect(vanishedOf(data(line))).toEqual({ uids, isEarlier });
  });

  it.each([
    '* VANISHED',
    '* VANISHED ()',
    '* VANISHED (LATER) 1',
    '* VANISHED (EARLIER)',
    '* VANISHED 0',
    '* VANISHED 1:*',
    '* VANISHED 1,,2',
    '* VANISHED 4294967296',
    '* VANISHED 12345678901',
  ])('%s is refused', (line) => {
    expect(() => vanishedOf(data(line))).toThrow(UnexpectedForm);
  });

  it('is a set, or has another form, whatever comes', () => {
    const text = fc.stringMatching(/^[0-9:,*()EARLI ]{0,40}$/);
    fc.assert(
      fc.property(text, (said) => {
        let response: DataResponse;
        try {
          response = data(`* VANISHED ${said}`);
        } catch {
          return;
        }
        try {
          for (const { from, to } of vanishedOf(response).uids) expect(from).toBeLessThanOrEqual(to);
        } catch (error) {
          expect(error).toBeInstanceOf(UnexpectedForm);
        }
      }),
      { numRuns: CASES },
    );
  });

  it('lessens the messages by those that go now, and not by those that went before', () => {
    const mailbox = { ...newlyOpened('INBOX', false), messages: 5 };
    const now = afterData(mailbox, data('* VANISHED 3,7:8'));
    expect(now.mailbox.messages).toBe(2);
    expect(now.event).toEqual({
      type: 'vanished',
      uids: [
        { from: 3, to: 3 },
        { from: 7, to: 8 },
      ],
    });
    expect(afterData(mailbox, data('* VANISHED (EARLIER) 3,7:8'))).toEqual({ mailbox });
    expect(afterData(mailbox, data('* VANISHED 1:4000000000')).mailbox.messages).toBe(0);
  });
});

describe('what is known of a mailbox', () => {
  it.each([
    [{ uidValidity: 67_890_007, modSeq: 20_050_715_194_045_000n }, '(QRESYNC (67890007 20050715194045000))'],
    [{ uidValidity: 7, modSeq: 9n, uids: [41, 43, 44, 45, 9] }, '(QRESYNC (7 9 9,41,43:45))'],
    [{ uidValidity: 7, modSeq: 9n, uids: { from: 1, to: 500 } }, '(QRESYNC (7 9 1:500))'],
    // RFC 7162 §7: known-uids have no star.
    [{ uidValidity: 7, modSeq: 9n, uids: { from: 1, to: '*' } }, '(QRESYNC (7 9))'],
    // More than a line holds.
    [{ uidValidity: 7, modSeq: 9n, uids: Array.from({ length: 3_000 }, (_, at) => at * 2 + 1) }, '(QRESYNC (7 9))'],
  ] as const)('%o is written', (known, written) => {
    expect(formatKnown(known)).toBe(written);
  });

  it.each([
    { uidValidity: 0, modSeq: 9n },
    { uidValidity: 7, modSeq: 0n },
    { uidValidity: 7, modSeq: 9_223_372_036_854_775_808n },
    { uidValidity: 7, modSeq: 9n, uids: [0] },
  ])('%o is refused', (known) => {
    expect(() => formatKnown(known)).toThrow(expect.objectContaining({ code: 'NET_OPTION_INVALID' }));
  });
});

async function connected(answers: NonNullable<FixtureOptions['answers']>, capabilities: readonly string[]) {
  const world = createTestWorld();
  const server = await playServer(world, (peer) => playMailbox(peer, { capabilities, answers }));
  const login = { user: 'anna', password: 'hunter2' };
  const client: ImapClient = await connectImap(
    { host: '127.0.0.1', port: server.port, security: 'off', allowsClearCredentials: true, login },
    createScope({ clock: world.clock }),
    world.runtime,
  );
  const peer = server.peers[0];
  if (peer === undefined) throw new Error('nobody came');
  return { client, peer, heard: () => peer.heard.map((line) => line.replace(/^[AL]\d+ /, '')) };
}

const QRESYNC = [...CAPABILITIES, 'ENABLE', 'CONDSTORE', 'QRESYNC'];

describe('a mailbox that is opened again', () => {
  it('is told of in one answer: what is new, what has changed, what is gone', async () => {
    const { client, peer, heard } = await connected(
      {
        ENABLE: (tag) => peer.say('* ENABLED QRESYNC', `${tag} OK`),
        // RFC 7162 §3.2.5.1
        SELECT: (tag) =>
          peer.say(
            '* OK [CLOSED] the one before',
            '* 314 EXISTS',
            '* OK [UIDVALIDITY 67890007] UIDVALIDITY',
            '* OK [UIDNEXT 567] Predicted next UID',
            '* OK [HIGHESTMODSEQ 90060128194045027] Highest',
            '* VANISHED (EARLIER) 41,43:116',
            '* 49 FETCH (UID 117 FLAGS (\\Seen \\Answered) MODSEQ (90060115194045001))',
            '* 50 FETCH (UID 119 FLAGS (\\Draft $MDNSent) MODSEQ (90060115194045308))',
            `${tag} OK [READ-WRITE] mailbox selected`,
          ),
      },
      QRESYNC,
    );
    const known = { uidValidity: 67_890_007, modSeq: 90_060_115_194_045_000n, uids: { from: 1, to: 530 } };
    expect(await client.resume('INBOX', known)).toMatchObject({
      isSame: true,
      mailbox: { messages: 314, uidNext: 567, highestModSeq: 90_060_128_194_045_027n, isReadOnly: false },
      vanished: [
        { from: 41, to: 41 },
        { from: 43, to: 116 },
      ],
      changed: [
        { uid: 117, flags: ['\\Seen', '\\Answered'], modSeq: 90_060_115_194_045_001n },
        { uid: 119, flags: ['\\Draft', '$MDNSent'], modSeq: 90_060_115_194_045_308n },
      ],
    });
    await client.resume('INBOX', known);
    expect(heard().slice(-3)).toEqual([
      'ENABLE QRESYNC',
      'SELECT "INBOX" (QRESYNC (67890007 90060115194045000 1:530))',
      'SELECT "INBOX" (QRESYNC (67890007 90060115194045000 1:530))',
    ]);
    await client.drain();
  });

  it('is another one when its validity is, and what was told of the one before does not count', async () => {
    const { client, peer } = await connected(
      {
        SELECT: (tag) =>
          peer.say(
            '* VANISHED 5',
            '* 3 FETCH (UID 9 FLAGS () MODSEQ (1))',
            '* OK [CLOSED] the one before',
            '* 2 EXISTS',
            '* OK [UIDVALIDITY 8] fine',
            `${tag} OK [READ-WRITE] open`,
          ),
      },
      QRESYNC,
    );
    const found = await client.resume('INBOX', { uidValidity: 7, modSeq: 5n });
    expect(found).toMatchObject({ isSame: false, mailbox: { messages: 2, uidValidity: 8 }, changed: [], vanished: [] });
    await client.drain();
  });

  it('is told of once more while it is open, and by UID what goes meanwhile', async () => {
    const events: ImapEvent[] = [];
    const { client, peer, heard } = await connected(
      {
        UID: (tag) =>
          peer.say('* VANISHED (EARLIER) 20', '* 1 FETCH (UID 10 FLAGS (\\Seen) MODSEQ (12))', `${tag} OK done`),
        IDLE: async (tag) => {
          peer.say('+ idling', '* VANISHED 30:31');
          await peer.hear();
          peer.say(`${tag} OK done`);
        },
      },
      QRESYNC,
    );
    await client.select('INBOX');
    expect(await client.changes(11n)).toEqual({
      changed: [{ uid: 10, flags: ['\\Seen'], modSeq: 12n }],
      vanished: [{ from: 20, to: 20 }],
    });
    expect(heard().slice(-2)).toEqual(['ENABLE QRESYNC', 'UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 11 VANISHED)']);
    const scope = createScope();
    await client.idle((event) => {
      events.push(event);
      scope.end();
    }, scope);
    expect(events).toEqual([{ type: 'vanished', uids: [{ from: 30, to: 31 }] }]);
    await client.drain();
  });

  it('needs a server that has it, and nothing is sent to another', async () => {
    const { client, heard } = await connected({}, CAPABILITIES);
    const before = heard().length;
    const known = { uidValidity: 7, modSeq: 5n };
    await expect(client.resume('INBOX', known)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await expect(client.changes(5n)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(heard()).toHaveLength(before);
    await client.drain();
  });
});
