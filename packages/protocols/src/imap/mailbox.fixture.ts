import type { TlsServerOptions } from '@roundhouse/net';
import type { ScriptedPeer } from '../mail/scriptedPeer.fixture.ts';

export interface FixtureOptions {
  readonly capabilities?: readonly string[];
  readonly messages?: readonly string[];
  readonly starttls?: TlsServerOptions;
  readonly upgrade?: (options: TlsServerOptions) => Promise<void>;
  /** In place of what the fixture says to a command, of which it gets the tag. */
  readonly answers?: Readonly<Record<string, (tag: string, line: string) => void | Promise<void>>>;
}

export const CAPABILITIES: readonly string[] = ['AUTH=PLAIN', 'SASL-IR', 'IDLE', 'UIDPLUS', 'MOVE'];

/** The server's side of an IMAP session as RFC 9051 shows it: user `anna`, password `hunter2`; UIDs are 10, 20 … */
export async function playMailbox(peer: ScriptedPeer, options: FixtureOptions = {}): Promise<void> {
  const { capabilities = CAPABILITIES, messages = [], starttls, upgrade, answers = {} } = options;
  let isSecured = false;
  const offered = (): readonly string[] => [...capabilities, ...(starttls && !isSecured ? ['STARTTLS'] : [])];
  const ok = (tag: string): void => peer.say(`${tag} OK done`);
  const known: NonNullable<FixtureOptions['answers']> = {
    CAPABILITY: (tag) => {
      peer.say(`* CAPABILITY IMAP4rev1 ${offered().join(' ')}`, `${tag} OK done`);
    },
    STARTTLS: async (tag) => {
      if (starttls === undefined) return peer.say(`${tag} BAD what?`);
      ok(tag);
      await (upgrade ?? ((tls) => peer.transport.upgradeTls({ ...tls, role: 'server' }, peer.scope)))(starttls);
      isSecured = true;
    },
    AUTHENTICATE: (tag, line) =>
      line.endsWith('PLAIN AGFubmEAaHVudGVyMg==') ? ok(tag) : peer.say(`${tag} NO [AUTHENTICATIONFAILED] no`),
    LOGIN: (tag, line) => (line.endsWith('"anna" "hunter2"') ? ok(tag) : peer.say(`${tag} NO ${line}`)),
    SELECT: (tag) => {
      peer.say(
        '* FLAGS (\\Seen \\Deleted)',
        `* ${messages.length} EXISTS`,
        '* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] limited',
        '* OK [UIDVALIDITY 7] fine',
        `* OK [UIDNEXT ${messages.length * 10 + 10}] next`,
        `${tag} OK [READ-WRITE] open`,
      );
    },
    UID: (tag, line) => {
      const [, uid, section] = /FETCH (\d+) \(UID BODY\.PEEK\[(.*)\]/.exec(line) ?? [];
      const number = Number(uid) / 10;
      const text = messages[number - 1];
      if (text !== undefined) {
        peer.write(`* ${number} FETCH (UID ${uid} BODY[${section}] {${text.length}}\r\n${text} FLAGS ())\r\n`);
      }
      ok(tag);
    },
    LOGOUT: async (tag) => {
      peer.say('* BYE see you', `${tag} OK done`);
      await peer.transport.close();
    },
  };
  peer.say('* OK ready');
  for (;;) {
    const line = await peer.hear();
    const [tag = '', verb = ''] = line.split(' ');
    const answer = answers[verb] ?? known[verb] ?? ok;
    await answer(tag, line);
    if (verb === 'LOGOUT') return;
  }
}
