import { randomInt } from 'node:crypto';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { type Address, formatAddress, type NetRuntime } from '@roundhouse/net';
import { isIPv6 } from 'node:net';
import { OPCODES } from '../message/codes.ts';
import { decodeMessage } from '../message/decode.ts';
import { encodeMessage } from '../message/encode.ts';
import type { ResourceRecord } from '../message/message.ts';
import type { Zone } from '../zone/zone.ts';
import type { Counters } from './stats.ts';

/** RFC 1996 §3.6 wants at most five retries, spaced; each wait is twice the one before. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 1_000;

/** Tells secondaries that a zone has changed, until they answer. A newer version of the zone ends the telling of the old. */
export class Notifier {
  readonly #targets: readonly Address[];
  readonly #runtime: NetRuntime;
  readonly #scope: Scope;
  readonly #counters: Counters;
  readonly #running = new Map<string, Scope>();

  constructor(targets: readonly Address[], runtime: NetRuntime, scope: Scope, counters: Counters) {
    this.#targets = targets;
    this.#runtime = runtime;
    this.#scope = scope;
    this.#counters = counters;
  }

  notify(zone: Zone): void {
    this.#running.get(zone.origin)?.end();
    if (this.#targets.length === 0) return;
    const own = this.#scope.child();
    this.#running.set(zone.origin, own);
    void Promise.all(this.#targets.map((target) => this.#tell(zone, target, own))).finally(() => {
      own.end();
      if (this.#running.get(zone.origin) === own) this.#running.delete(zone.origin);
    });
  }

  async #tell(zone: Zone, target: Address, scope: Scope): Promise<void> {
    const log = this.#runtime.log.child({ protocol: 'dns', zone: zone.origin, peer: formatAddress(target) });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        await ask(zone, target, FIRST_WAIT_MS * 2 ** attempt, this.#runtime, scope);
        this.#counters.notified += 1;
        return;
      } catch (error) {
        if (!isRoundhouseError(error) || error.code === 'CANCELLED') return;
        log.debug('a secondary has not answered to NOTIFY', { code: error.code, attempt: attempt + 1 });
      }
    }
    this.#counters.notifyFailed += 1;
    log.warn('a secondary does not answer to NOTIFY; it learns of the change at its next refresh');
  }
}

/** Sends one NOTIFY and waits for its answer, whatever it says: the secondary was reached. */
async function ask(zone: Zone, target: Address, waitMs: number, runtime: NetRuntime, scope: Scope): Promise<void> {
  using own = scope.child({ what: 'NOTIFY', timeoutMs: waitMs });
  const id = randomInt(0x1_0000);
  const message = encodeMessage({
    id,
    opcode: OPCODES.NOTIFY,
    isAuthoritative: true,
    questions: [{ name: zone.origin, type: 'SOA' }],
    answers: [soaRecord(zone)],
  });
  const answered = Promise.withResolvers<void>();
  await using port = await runtime.datagrams.open(
    { host: isIPv6(target.host) ? '::' : '0.0.0.0' },
    {
      message(bytes, from) {
        if (from.port === target.port && from.host === target.host && isAnswer(bytes, id)) answered.resolve();
      },
    },
    own,
  );
  port.send(message, target);
  await own.race(answered.promise);
}

/** The first record of a zone, which is its SOA. */
function soaRecord(zone: Zone): ResourceRecord {
  return zone[Symbol.iterator]().next().value as ResourceRecord;
}

function isAnswer(bytes: Uint8Array, id: number): boolean {
  try {
    const message = decodeMessage(bytes);
    return message.isResponse && message.id === id && message.opcode === OPCODES.NOTIFY;
  } catch {
    return false;
  }
}
