import type { NetRuntime, Transport } from '@roundhouse/net';
import { FLAG, frame, PREFACE, type ReceivedFrame, TYPE, uint32 } from '../conformance/frames.fixture.ts';

/** A server of HTTP/2 that is played frame by frame. */
export interface Http2Peer {
  readonly port: number;
  /** Connections that came in. */
  readonly connections: readonly PlayedConnection[];
  close(): void;
}

export class PlayedConnection {
  /** Requests, by their stream. */
  readonly requests: number[] = [];
  /** Pings that were asked for an answer. */
  pings = 0;
  answersPings = true;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.write(frame(TYPE.SETTINGS, 0, 0));
  }

  take({ type, flags, stream, payload }: ReceivedFrame): void {
    if (type === TYPE.SETTINGS && (flags & FLAG.ACK) === 0) this.#transport.write(frame(TYPE.SETTINGS, FLAG.ACK, 0));
    else if (type === TYPE.PING && (flags & FLAG.ACK) === 0) {
      this.pings += 1;
      if (this.answersPings) this.#transport.write(frame(TYPE.PING, FLAG.ACK, 0, payload));
    } else if (type === TYPE.HEADERS) this.requests.push(stream);
  }

  /** 200, without content: RFC 7541 appendix A has it as number 8. */
  answer(stream: number): void {
    this.#transport.write(frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, stream, Buffer.of(0x88)));
  }

  goAway(lastStream: number, code = 0): void {
    this.#transport.write(frame(TYPE.GOAWAY, 0, 0, Buffer.concat([uint32(lastStream), uint32(code)])));
  }

  end(): void {
    void this.#transport.close();
  }
}

/** `play` is told of each request. */
export async function playHttp2(
  runtime: NetRuntime,
  play: (connection: PlayedConnection, stream: number, index: number) => void,
): Promise<Http2Peer> {
  const connections: PlayedConnection[] = [];
  const listener = await runtime.listen({ host: '127.0.0.1', port: 0 }, (transport) => {
    const connection = new PlayedConnection(transport);
    const index = connections.push(connection) - 1;
    let waiting = Buffer.alloc(0);
    let hasPreface = false;
    transport.start({
      data(chunk) {
        waiting = Buffer.concat([waiting, chunk]);
        if (!hasPreface && waiting.length >= PREFACE.length) {
          hasPreface = true;
          waiting = waiting.subarray(PREFACE.length);
        }
        while (hasPreface && waiting.length >= 9 && waiting.length >= 9 + waiting.readUIntBE(0, 3)) {
          const end = 9 + waiting.readUIntBE(0, 3);
          const received = {
            type: waiting[3] as number,
            flags: waiting[4] as number,
            stream: waiting.readUInt32BE(5),
            payload: waiting.subarray(9, end),
          };
          waiting = waiting.subarray(end);
          connection.take(received);
          if (received.type === TYPE.HEADERS) play(connection, received.stream, index);
        }
      },
      ended: () => void transport.close(),
      closed() {},
    });
  });
  return { port: listener.port, connections, close: () => listener.destroy() };
}
