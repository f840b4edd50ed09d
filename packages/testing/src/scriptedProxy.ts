import type { Scope } from '@roundhouse/core';
import { type Dialer, duplexOf, type Target, type Transport } from '@roundhouse/net';

/** What the proxy reads as a whole request, and says. Null while the bytes are not whole. */
type Understand = (bytes: Buffer, step: number) => { readonly answer?: Buffer; readonly target?: Target } | null;

/** RFC 1928 without a log-in, for names and IPv4. */
const socks5: Understand = (bytes, step) => {
  if (step === 0) return bytes.length < 3 ? null : { answer: Buffer.from([5, 0]) };
  const nameLength = bytes[3] === 3 ? (bytes[4] ?? 0) : 0;
  const length = bytes[3] === 3 ? 7 + nameLength : 10;
  if (bytes.length < length) return null;
  const host =
    bytes[3] === 3 ? bytes.subarray(5, 5 + nameLength).toString('latin1') : [...bytes.subarray(4, 8)].join('.');
  return { target: { host, port: bytes.readUInt16BE(length - 2) } };
};

const httpConnect: Understand = (bytes) => {
  if (!bytes.includes('\r\n\r\n')) return null;
  const [, host = '', port] = /^CONNECT ([^ ]+):(\d+) HTTP\/1\.1\r\n/.exec(bytes.toString('latin1')) ?? [];
  return { target: { host, port: Number(port) } };
};

const KINDS = {
  socks5: {
    understand: socks5,
    connected: Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    refused: Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
  },
  'http-connect': {
    understand: httpConnect,
    connected: Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
    refused: Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n'),
  },
};

/** A small proxy for tests, which connects by `dialer`. It understands what our dialers send, and no more. */
export function serveProxy(kind: keyof typeof KINDS, dialer: Dialer, scope: Scope): (transport: Transport) => void {
  const { understand, connected, refused } = KINDS[kind];
  return (transport) => {
    const client = duplexOf(transport);
    let bytes = Buffer.alloc(0);
    let step = 0;
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const understood = understand(bytes, step);
      if (understood === null) return;
      step += 1;
      bytes = Buffer.alloc(0);
      if (understood.answer !== undefined) client.write(understood.answer);
      if (understood.target === undefined) return;
      client.off('data', onData).pause();
      void tunnel(understood.target);
    };
    const tunnel = async (target: Target): Promise<void> => {
      try {
        const { stream } = await dialer.dial(target, scope);
        stream.on('error', () => client.destroy()).on('close', () => client.destroy());
        client.on('close', () => stream.destroy());
        client.write(connected);
        stream.pipe(client);
        client.pipe(stream);
      } catch {
        client.end(refused);
      }
    };
    client.on('data', onData);
    // Who leaves in the middle of the request.
    client.on('end', () => client.end());
  };
}
