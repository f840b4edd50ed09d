import type { Scope } from '@roundhouse/core';
import { Agent, request } from 'undici';

/** No key set and no discovery document is near this. */
const MAX_BYTES = 262_144;

/** Asks for JSON documents over connections of its own. */
export interface JsonSource extends AsyncDisposable {
  /** Rejects when the answer is not 200 with a JSON object, with the reason of the scope too. Follows no redirect. */
  get(url: string, scope: Scope): Promise<Readonly<Record<string, unknown>>>;
  /** Idempotent. */
  close(): Promise<void>;
}

export function createJsonSource(options: {
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
}): JsonSource {
  const { ca, timeoutMs } = options;
  const agent = new Agent({
    connections: 2,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: { timeout: timeoutMs, ...(ca !== undefined && { ca }) },
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= agent.destroy());
  return {
    async get(url, scope) {
      scope.throwIfEnded();
      const headers = { accept: 'application/json, application/jwk-set+json' };
      const { statusCode, body } = await request(url, { dispatcher: agent, signal: scope.signal, headers });
      if (statusCode !== 200) {
        await body.dump({ limit: MAX_BYTES });
        throw new Error(`${url} answered ${statusCode}`);
      }
      return parseObject(await readBounded(body, url), url);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readBounded(body: AsyncIterable<Uint8Array>, url: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop destroys the body, and the connection with it.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`${url} answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseObject(bytes: Buffer, url: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Error(`${url} did not answer with JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${url} did not answer with an object`);
  }
  return value as Readonly<Record<string, unknown>>;
}
