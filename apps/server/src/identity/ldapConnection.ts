import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Scope } from '@roundhouse/core';

export interface LdapAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: 'none' | 'start' | 'always';
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca: string | undefined;
}

/** StartTLS as message 1: SEQUENCE { INTEGER 1, [APPLICATION 23] { [0] 1.3.6.1.4.1.1466.20037 } }. RFC 4511 §4.14.1. */
const START_TLS = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037', 'latin1'),
]);
const MAX_ANSWER_BYTES = 4_096;

/** All that a server may send in one authentication. */
const MAX_RECEIVED_BYTES = 4_194_304;

/**
 * A connection on which passwords may be sent. It is destroyed when the scope ends, and when the server sends without
 * end. Rejects with the error of the system or of TLS, or the reason of the scope.
 */
export async function connectLdap(address: LdapAddress, scope: Scope): Promise<Socket> {
  const { host, port, tls } = address;
  scope.throwIfEnded();
  const tcp = connectTcp({ host, port, noDelay: true });
  scope.onEnd(() => tcp.destroy());
  await scope.race(opened(tcp, 'connect'));
  if (tls === 'start') await scope.race(startTls(tcp));
  const socket = tls === 'none' ? tcp : await scope.race(secured(tcp, address));
  scope.onEnd(() => socket.destroy());
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
    if (received > MAX_RECEIVED_BYTES) socket.destroy();
  });
  return socket;
}

async function secured(tcp: Socket, { host, ca }: LdapAddress): Promise<TLSSocket> {
  const socket = connectTls({
    socket: tcp,
    host,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  });
  await opened(socket, 'secureConnect');
  return socket;
}

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    // Later errors end the connection, which the one who uses it notices.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.once(event, () => resolve());
  });
}

/** Asks for TLS. What comes beyond the answer was sent by somebody in between, to be taken for sent under TLS. */
function startTls(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const verdict = readAnswer(received);
      if (verdict === 'incomplete' && received.length <= MAX_ANSWER_BYTES) return;
      socket.off('data', onData);
      socket.pause();
      if (verdict === 'accepted') resolve();
      else reject(new Error(`StartTLS: the answer of the server is ${verdict}`));
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error('StartTLS: the server closed the connection')));
    socket.write(START_TLS);
  });
}

type StartTlsAnswer = 'incomplete' | 'accepted' | 'refused' | 'malformed';

/** Reads an ExtendedResponse to message 1 (RFC 4511 §4.12) that is all there is. */
function readAnswer(bytes: Buffer): StartTlsAnswer {
  if (bytes[0] !== 0x30) return 'malformed';
  const message = readElement(bytes, 0);
  if (message === undefined) return 'incomplete';
  if (message.end !== bytes.length) return 'malformed';
  const id = readElement(bytes, message.start);
  const response = id && readElement(bytes, id.end);
  const code = response && readElement(bytes, response.start);
  const isWellFormed =
    id?.tag === 0x02 &&
    bytes.subarray(id.start, id.end).equals(Buffer.from([1])) &&
    response?.tag === 0x78 &&
    code?.tag === 0x0a &&
    code.end === code.start + 1;
  if (!isWellFormed) return 'malformed';
  return bytes[code.start] === 0 ? 'accepted' : 'refused';
}

interface Element {
  readonly tag: number;
  /** Of its content. */
  readonly start: number;
  readonly end: number;
}

/** One element of BER with a definite length (RFC 4511 §5.1); undefined when it is not there whole. */
function readElement(bytes: Buffer, at: number): Element | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return whole(bytes, { tag, start: at + 2, end: at + 2 + first });
  const lengthBytes = first & 0x7f;
  const start = at + 2 + lengthBytes;
  if (lengthBytes < 1 || lengthBytes > 4 || start > bytes.length) return undefined;
  return whole(bytes, { tag, start, end: start + bytes.readUIntBE(at + 2, lengthBytes) });
}

function whole(bytes: Buffer, element: Element): Element | undefined {
  return element.end <= bytes.length ? element : undefined;
}
