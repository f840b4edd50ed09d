import { type Clock, type Logger, nearest, Secret, type Scope } from '@roundhouse/core';
import { storeError } from './errors.ts';
import { createMemoryStore } from './memory/memoryStore.ts';
import { type Durability, openSqlite } from './sqlite/openSqlite.ts';
import type { Store } from './store.ts';

export interface OpenStoreDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

type Open = (url: Secret, deps: OpenStoreDeps) => Promise<Store>;

const SCHEMES: Readonly<Record<string, Open>> = {
  memory: async (_url, { clock }) => createMemoryStore({ clock }),
  sqlite: async (url, deps) => openSqlite(sqliteOptions(url.reveal()), deps),
  postgres: openPostgresUrl,
  postgresql: openPostgresUrl,
};

const DURABILITIES: readonly Durability[] = ['process', 'power-loss'];

/**
 * Opens the store that a URL names: `memory:`, `sqlite:/path/to/file.db`, `sqlite:/path/to/file.db?durability=power-loss`
 * or `postgres://user:password@host:port/database`. A store that opens when the scope has ended is closed again.
 *
 * Raises STORE_URL_INVALID and the codes of the store's own opening; none shows the URL.
 */
export async function openStore(url: string | Secret, deps: OpenStoreDeps, scope: Scope): Promise<Store> {
  scope.throwIfEnded();
  const secret = typeof url === 'string' ? new Secret(url) : url;
  const opening = opener(secret.reveal())(secret, deps);
  try {
    return await scope.race(opening);
  } catch (error) {
    opening.then(
      (store) => store.close(),
      () => {},
    );
    throw error;
  }
}

function opener(url: string): Open {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) throw invalid('it has no scheme');
  const open = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (open !== undefined) return open;
  const meant = nearest(scheme, Object.keys(SCHEMES));
  throw invalid(`${scheme} is no kind of store${meant === undefined ? '' : `; did you mean ${meant}?`}`);
}

/** A path may hold any character but `?`, hence no URL parser. */
function sqliteOptions(url: string): { file: string; durability?: Durability } {
  const [file = '', search = ''] = url
    .slice('sqlite:'.length)
    .replace(/^\/\/(?=\/)/, '')
    .split('?', 2);
  if (file === '' || file.includes('\0')) throw invalid('it names no file');
  const parameters = new URLSearchParams(search);
  for (const name of parameters.keys()) {
    if (name !== 'durability') throw invalid(`sqlite takes no parameter ${name}; it takes durability`);
  }
  const durability = parameters.get('durability');
  if (durability === null) return { file };
  const known = DURABILITIES.find((each) => each === durability);
  if (known === undefined) throw invalid(`durability is ${DURABILITIES.join(' or ')}`);
  return { file, durability: known };
}

async function openPostgresUrl(url: Secret, deps: OpenStoreDeps): Promise<Store> {
  // Parsed here first: what the client's own parser raises may quote the URL.
  if (!URL.canParse(url.reveal()))
    throw invalid('it is no URL; are special characters of the password written as %XX?');
  // Loads a driver that few installations need.
  const { openPostgres } = await import('./postgres/openPostgres.ts');
  return openPostgres(url, deps);
}

function invalid(reason: string): Error {
  return storeError('STORE_URL_INVALID', { details: { reason } });
}
