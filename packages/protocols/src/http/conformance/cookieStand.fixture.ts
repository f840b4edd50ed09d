import { createScope } from '@roundhouse/core';
import { ByteReader, createMemoryNetwork, createRuntime, type Transport } from '@roundhouse/net';
import {
  type Certificate,
  type CertificateAuthority,
  createCertificateAuthority,
  FakeClock,
} from '@roundhouse/testing';
import { CookieJar } from 'tough-cookie';
import { createHttpClient } from '../client/client.ts';

/** A client of ours with a jar, and servers of bytes at every place. */
export interface CookieStand extends AsyncDisposable {
  /** Asks for a place, which answers with these lines of Set-Cookie. */
  receive(at: string, lines: readonly string[]): Promise<void>;
  /** The field Cookie of a request to a place; undefined without one. */
  sentTo(to: string): Promise<string | undefined>;
}

const NAMES = ['example.com', 'www.example.com', 'anexample.com', 'example.net', 'example.co.uk', 'other.co.uk'];
const ADDRESSES = ['192.0.2.1', '198.51.2.1'];
const MAX_LINE_BYTES = 65_536;

let made: { readonly authority: CertificateAuthority; readonly certificate: Certificate } | undefined;

/** One certificate for all places: making one takes a program. */
function material() {
  if (made !== undefined) return made;
  const authority = createCertificateAuthority();
  const names = [...NAMES.map((name) => `DNS:${name}`), ...ADDRESSES.map((address) => `IP:${address}`)];
  made = { authority, certificate: authority.issue({ names }) };
  return made;
}

export async function cookieStand(places: readonly string[]): Promise<CookieStand> {
  const { authority, certificate } = material();
  const clock = new FakeClock();
  const { dialer, listen } = createMemoryNetwork();
  const runtime = createRuntime({ clock, dialer, listen });
  const scope = createScope({ clock });
  const client = createHttpClient({ cookies: new CookieJar(), tls: { ca: authority.cert } }, runtime);
  let toSet: readonly string[] = [];
  let received: readonly string[] = [];
  const answer = async (transport: Transport): Promise<void> => {
    const reader = new ByteReader(transport, { protocol: 'script', onEnded: () => void transport.close() });
    for (;;) {
      const lines: string[] = [];
      do lines.push(Buffer.from(await reader.line(MAX_LINE_BYTES, scope)).toString('latin1'));
      while (lines.at(-1) !== '');
      received = lines;
      const fields = toSet.map((line) => `Set-Cookie: ${line}\r\n`).join('');
      transport.write(Buffer.from(`HTTP/1.1 204 No Content\r\n${fields}\r\n`, 'latin1'));
    }
  };
  const ports = new Map(places.map((place) => [portOf(place), new URL(place).protocol === 'https:'] as const));
  for (const [port, isTls] of ports) {
    const tls = isTls ? { tls: certificate } : {};
    // The end of the client ends each conversation.
    await listen({ host: 'localhost', port, ...tls }, (transport) => void answer(transport).catch(() => {}), scope);
  }
  const ask = async (url: string): Promise<void> => {
    received = [];
    (await client.get(url, scope)).discard();
  };
  return {
    async receive(at, lines) {
      toSet = lines;
      // Bytes that no field may have end the connection: then nothing was set.
      await ask(at).catch(() => {});
      toSet = [];
    },
    async sentTo(to) {
      await ask(to);
      const prefix = 'cookie: ';
      return received.find((line) => line.toLowerCase().startsWith(prefix))?.slice(prefix.length);
    },
    async [Symbol.asyncDispose]() {
      client.abort();
      scope.end();
    },
  };
}

function portOf(place: string): number {
  const { port, protocol } = new URL(place);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
