import { createScope, type Scope } from '@roundhouse/core';
import { resolveTimeouts } from '@roundhouse/net';
import { connectWebSocket, type WebSocketConnection, type WebSocketMessage } from '@roundhouse/protocols/websocket';
import { stopSignal } from '../foreground.ts';
import { inputOf } from '../input.ts';
import type { Io } from '../io.ts';
import { printable, writeJsonLine } from '../render.ts';
import { fieldsOf } from './fields.ts';
import { type TlsFlags, tlsOf } from './tlsOptions.ts';

export interface WsSettings extends TlsFlags {
  readonly header: readonly string[];
  readonly subprotocol: readonly string[];
  readonly timeoutMs: number;
  readonly lingerMs: number;
  readonly compress?: true;
  readonly json?: true;
}

/** Sends each line of standard input and prints each message, until one of both is over. */
export async function talk(url: string, settings: WsSettings, io: Io): Promise<void> {
  using scope = createScope({ ...(io.clock && { clock: io.clock }) });
  const { timeoutMs } = settings;
  const timeouts = resolveTimeouts({ connectMs: timeoutMs, tlsMs: timeoutMs, greetingMs: timeoutMs });
  const socket = await connectWebSocket(
    {
      url,
      timeouts,
      headers: fieldsOf(settings.header),
      subprotocols: settings.subprotocol,
      tls: await tlsOf(settings, io),
      compression: settings.compress === true,
    },
    scope,
  );
  const stop = stopSignal(io);
  const leave = (): void => void socket.close();
  stop.addEventListener('abort', leave, { once: true });
  try {
    const heard = { at: scope.clock.monotonic() };
    const printing = print(socket, settings, io, heard);
    const sending = sendLines(socket, io, scope).then(() => silence(heard, settings.lingerMs, scope));
    await Promise.race([printing, sending]);
    await socket.close();
    // What the connection failed with, when it did.
    await printing;
  } finally {
    stop.removeEventListener('abort', leave);
    socket.abort();
  }
  const { code, reason } = await socket.ended;
  if (code !== 1000) io.stderr.write(`closed with ${code}${reason === '' ? '' : `: ${printable(reason)}`}\n`);
}

/** Ends when the input has, or the connection. */
async function sendLines(socket: WebSocketConnection, io: Io, scope: Scope): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of inputOf(io)) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) await socket.send(line.replace(/\r$/, ''), scope);
  }
  if (rest !== '') await socket.send(rest, scope);
}

/** When something was last heard, monotonic ms. */
interface Heard {
  at: number;
}

/** Prints until the connection is over. */
async function print(socket: WebSocketConnection, settings: WsSettings, io: Io, heard: Heard): Promise<void> {
  for await (const message of socket) {
    heard.at = socket.scope.clock.monotonic();
    show(message, settings, io);
  }
}

/** Until nothing was heard for so long. */
async function silence(heard: Heard, lingerMs: number, scope: Scope): Promise<void> {
  const since = scope.clock.monotonic();
  for (;;) {
    const left = Math.max(heard.at, since) + lingerMs - scope.clock.monotonic();
    if (left <= 0) return;
    await scope.sleep(left);
  }
}

function show(message: WebSocketMessage, { json }: WsSettings, { stdout }: Io): void {
  const isText = typeof message === 'string';
  if (json === true)
    writeJsonLine(stdout, isText ? { text: message } : { bytes: Buffer.from(message).toString('base64') });
  else stdout.write(isText ? `${printable(message, true)}\n` : `(${message.byteLength} bytes)\n`);
}
