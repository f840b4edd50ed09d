import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { afterAll, describe, expect, it } from 'vitest';
import { hashPassword } from './identity/password.ts';
import { type RoundhouseProcess, startRoundhouse } from './roundhouseProcess.fixture.ts';
import { basic, bearer, call, type WireAnswer } from './wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const PASSWORD = 'five words that nobody guesses';
const LIVES = 5;
/** Changes that were answered at which a life ends. */
const CHANGES_A_LIFE = 60;

const home = mkdtempSync(join(tmpdir(), 'roundhouse-resources-'));
const lives: RoundhouseProcess[] = [];
afterAll(() => {
  for (const { child } of lives) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

async function up(): Promise<RoundhouseProcess> {
  const started = await startRoundhouse(home, TOKEN);
  lives.push(started);
  return started;
}

function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  authorization = bearer(TOKEN),
): Promise<WireAnswer> {
  return call(url, method, `/api/v1${path}`, { authorization, ...(body === undefined ? {} : { body }) });
}

/** A busy machine: nothing was done. */
function isOverloaded(json: WireAnswer['json']): boolean {
  return json?.['code'] === 'OVERLOADED';
}

/** What a caller knows of an endpoint: as it was answered last, and what it asked for since without an answer. */
interface Known {
  weight: number | null;
  version: number | null;
  asked: number | null | undefined;
}

describe('resources of a server that is killed while they change (roundhouse up)', () => {
  it('are as the last answer said, or as the one after it would have', async () => {
    const known = new Map<string, Known>();
    let answered = 0;
    let weight = 0;
    let present = await up();

    /** Makes, changes and removes endpoints of its own until the server dies. */
    const churn = async (url: string, writer: number, life: number): Promise<void> => {
      for (let turn = 0; ; turn++) {
        const id = `w${writer}-${life}-${turn % 5}`;
        const path = `/endpoints/${id}`;
        const one = known.get(id) ?? { weight: null, version: null, asked: undefined };
        known.set(id, one);
        if (turn % 7 === 6 && one.weight !== null) {
          one.asked = null;
          const { status, json } = await ask(url, 'DELETE', path);
          if (isOverloaded(json)) continue;
          expect(status).toBe(204);
          Object.assign(one, { weight: null, version: null, asked: undefined });
        } else {
          one.asked = ++weight % 1_000;
          const body = { host: '127.0.0.1', port: 9, probe: { kind: 'none' }, weight: one.asked };
          const { status, json } = await ask(url, 'PUT', path, body);
          if (isOverloaded(json)) continue;
          expect(status).toBe(200);
          Object.assign(one, { weight: json?.['weight'], version: json?.['version'], asked: undefined });
        }
        answered++;
      }
    };

    const expectKnown = async (url: string): Promise<void> => {
      for (const [id, one] of known) {
        const { status, json } = await ask(url, 'GET', `/endpoints/${id}`);
        const found = status === 404 ? null : (json?.['weight'] as number);
        const isAsAsked = one.asked !== undefined && found === one.asked;
        if (!isAsAsked) {
          expect({ id, weight: found }).toEqual({ id, weight: one.weight });
          // An ETag from before is still good.
          if (one.version !== null) expect({ id, version: json?.['version'] }).toEqual({ id, version: one.version });
        }
        const version = status === 404 ? null : (json?.['version'] as number);
        Object.assign(one, { weight: found, version, asked: undefined });
      }
    };

    for (let life = 0; life < LIVES; life++) {
      const { url } = present;
      const until = answered + CHANGES_A_LIFE + 13 * life;
      const writers = [1, 2, 3].map((writer) =>
        churn(url, writer, life).catch((error: unknown) => {
          // Only its death ends it.
          if (present.isAlive) throw error;
        }),
      );
      const enough = async (): Promise<void> => {
        while (answered < until) await ask(url, 'GET', '/usage');
      };
      await Promise.race([enough(), Promise.all(writers)]);
      await present.kill('SIGKILL');
      await Promise.all(writers);
      present = await up();
      await expectKnown(present.url);
    }
    expect(known.size).toBeGreaterThan(LIVES * 10);
    await present.kill('SIGTERM');
  });

  it('have their secrets still: keys and passwords are good, roles hold, and what was revoked stays so', async () => {
    let present = await up();
    const password_hash = await hashPassword(new Secret(PASSWORD), { randomBytes });
    const put = async (path: string, body: object): Promise<void> => {
      expect((await ask(present.url, 'PUT', path, body)).status).toBe(200);
    };
    await put('/roles/looker', { rules: [{ verbs: ['get'], kinds: ['usage'] }] });
    await put('/principals/joe', { roles: ['looker'], password_hash });
    const make = async (id: string): Promise<string> => {
      const { json } = await ask(present.url, 'POST', '/api-keys', { id, principal: 'joe' });
      return bearer(json?.['key'] as string);
    };
    const [key, revoked] = [await make('kept'), await make('revoked')];
    expect((await ask(present.url, 'DELETE', '/api-keys/revoked')).status).toBe(204);
    await present.kill('SIGKILL');
    present = await up();
    for (const authorization of [key, basic('joe', PASSWORD)]) {
      expect((await ask(present.url, 'GET', '/usage', undefined, authorization)).status).toBe(200);
      expect((await ask(present.url, 'GET', '/roles', undefined, authorization)).json).toMatchObject({
        code: 'FORBIDDEN',
      });
    }
    expect((await ask(present.url, 'GET', '/usage', undefined, revoked)).status).toBe(401);
    await present.kill('SIGTERM');
    expect(present.child.exitCode).toBe(0);
  });
});
