import type { TlsServerOptions } from '@roundhouse/net';
import type { ScriptedPeer } from '../mail/scriptedPeer.fixture.ts';

export interface FixtureOptions {
  readonly messages?: readonly string[];
  readonly greeting?: string;
  readonly capabilities?: readonly string[] | null;
  readonly stls?: TlsServerOptions;
  readonly upgrade?: (options: TlsServerOptions) => Promise<void>;
}

/** The server's side of a POP3 session as RFC 1939 §10 shows it: user `anna`, password `hunter2`. */
export async function playMailbox(peer: ScriptedPeer, options: FixtureOptions = {}): Promise<void> {
  const {
    messages = [],
    greeting = '+OK ready',
    capabilities = ['TOP', 'UIDL', 'SASL PLAIN'],
    stls,
    upgrade,
  } = options;
  const deleted = new Set<number>();
  const isThere = (number: number): boolean => messages[number - 1] !== undefined && !deleted.has(number);
  const present = messages.map((_text, at) => at + 1);
  const lines = (head: string, rest: readonly string[]): void => peer.say(head, ...rest, '.');
  const text = (number: number, count = Infinity): string[] => {
    const message = messages[number - 1] ?? '';
    const at = message.indexOf('\r\n\r\n');
    const [headers, body] = [message.slice(0, at), message.slice(at + 4)];
    const shown = count === Infinity ? body.split('\r\n') : body.split('\r\n').slice(0, count);
    const all = [...headers.split('\r\n'), '', ...shown];
    return (all.at(-1) === '' && count === Infinity ? all.slice(0, -1) : all).map((line) => line.replace(/^\./, '..'));
  };
  const answers: Readonly<Record<string, (argument: string) => void | Promise<void>>> = {
    CAPA: () =>
      capabilities === null ? peer.say('-ERR what?') : lines('+OK', [...capabilities, ...(stls ? ['STLS'] : [])]),
    STLS: async () => {
      if (stls === undefined) return peer.say('-ERR no TLS');
      peer.say('+OK go');
      await (upgrade ?? ((tls) => peer.transport.upgradeTls({ ...tls, role: 'server' }, peer.scope)))(stls);
    },
    USER: () => peer.say('+OK'),
    PASS: (password) => peer.say(password === 'hunter2' ? '+OK' : `-ERR [AUTH] ${password} is wrong`),
    AUTH: (argument) => peer.say(argument === 'PLAIN AGFubmEAaHVudGVyMg==' ? '+OK' : '-ERR [AUTH] no'),
    STAT: () => peer.say(`+OK ${present.filter(isThere).length} ${messages.join('').length}`),
    LIST: (argument) => {
      const of = (number: number): string => `${number} ${messages[number - 1]?.length}`;
      if (argument === '') lines('+OK', present.filter(isThere).map(of));
      else peer.say(isThere(Number(argument)) ? `+OK ${of(Number(argument))}` : '-ERR none');
    },
    UIDL: (argument) => {
      if (argument === '')
        lines(
          '+OK',
          present.filter(isThere).map((number) => `${number} uid-${number}`),
        );
      else peer.say(isThere(Number(argument)) ? `+OK ${argument} uid-${argument}` : '-ERR none');
    },
    RETR: (argument) => (isThere(Number(argument)) ? lines('+OK', text(Number(argument))) : peer.say('-ERR none')),
    TOP: (argument) => {
      const [number = 0, count = 0] = argument.split(' ').map(Number);
      if (isThere(number)) lines('+OK', text(number, count));
      else peer.say('-ERR none');
    },
    DELE: (argument) => {
      if (!isThere(Number(argument))) return peer.say('-ERR none');
      deleted.add(Number(argument));
      peer.say('+OK');
    },
    RSET: () => {
      deleted.clear();
      peer.say('+OK');
    },
    NOOP: () => peer.say('+OK'),
  };
  peer.say(greeting);
  for (;;) {
    const line = await peer.hear();
    const [verb = '', ...rest] = line.split(' ');
    if (verb === 'QUIT') {
      peer.say('+OK bye');
      return peer.transport.close();
    }
    const answer = answers[verb];
    if (answer === undefined) peer.say('-ERR what?');
    else await answer(rest.join(' '));
  }
}
