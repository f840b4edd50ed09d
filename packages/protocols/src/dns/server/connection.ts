import { isRoundhouseError } from '@roundhouse/core';
import {
  ByteReader,
  type Drainable,
  type NetRuntime,
  netError,
  parseAddress,
  SessionCore,
  type Timeouts,
  type Transport,
} from '@roundhouse/net';
import { readQueryFrame, writeFrame } from '../frames.ts';
import type { StreamDesk } from './desk.ts';

/**
 * Serves DNS over a stream (RFC 7766, RFC 7858): queries are answered one after the other, in the order they came in,
 * and read on only when the answers are taken. The connection ends when it is idle for too long.
 */
export function serveStream(
  protocol: string,
  transport: Transport,
  desk: StreamDesk,
  timeouts: Timeouts,
  runtime: NetRuntime,
): Drainable {
  const core = new SessionCore({
    protocol,
    role: 'server',
    peer: transport.peer,
    tls: transport.tls,
    runtime,
    timeouts,
    openedInMs: 0,
    destroy: (reason) => transport.destroy(reason),
    goodBye: () => transport.close(),
    isExclusive: false,
  });
  const reader = new ByteReader(transport, { protocol, onClosed: (error) => core.lost(error) });
  void answerAll(core, reader, transport, desk, timeouts);
  return core;
}

async function answerAll(
  core: SessionCore,
  reader: ByteReader,
  transport: Transport,
  desk: StreamDesk,
  { idleMs }: Timeouts,
): Promise<void> {
  const { host } = parseAddress(transport.peer, 0);
  try {
    while (core.state === 'open') {
      using waiting = core.scope.child({ what: 'Waiting for a query', timeoutMs: idleMs });
      const bytes = await readQueryFrame(reader, transport.peer, waiting);
      // A transfer may take longer than a query, but not without progress.
      await core.operate(
        'query',
        core.scope,
        async (operation) => {
          const send = async (message: Uint8Array): Promise<void> => {
            operation.sent('maybe');
            using writing = operation.scope.child({ what: 'Sending an answer', timeoutMs: idleMs });
            await writeFrame(transport, message, writing);
          };
          if (await desk.serve(bytes, host, send, operation.scope)) return operation.sent('all');
          const { protocol, peer } = core;
          const details = { reason: 'it sent something that is no query' };
          throw netError('PROTOCOL_VIOLATION', { protocol, peer, phase: 'read', details });
        },
        { timeoutMs: Infinity },
      );
    }
  } catch (error) {
    // Idle for too long, gone, or no DNS: it ends without a word, as there is none for it.
    if (core.state === 'closed') return;
    const wasIdle = isRoundhouseError(error) && error.code === 'DEADLINE_EXCEEDED' && core.inFlight === 0;
    if (wasIdle || reader.isOver) void core.drain();
    else core.abort(isRoundhouseError(error) ? error : undefined);
  }
}
