import { coreError, isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { storeError } from '../errors.ts';

type StoreCode = keyof typeof storeError.catalogue;

/** Classes and codes of SQLSTATE, PostgreSQL 15 documentation, appendix A. The longer key goes first. */
const CODES: Readonly<Record<string, StoreCode>> = {
  '3D000': 'STORE_REFUSED',
  '42501': 'STORE_REFUSED',
  '53100': 'STORE_FULL',
  '55P03': 'STORE_UNAVAILABLE',
  '57014': 'STORE_UNAVAILABLE',
  '57P01': 'STORE_UNAVAILABLE',
  '57P02': 'STORE_UNAVAILABLE',
  '57P03': 'STORE_UNAVAILABLE',
  '57P05': 'STORE_UNAVAILABLE',
  '08': 'STORE_UNAVAILABLE',
  '25': 'STORE_UNAVAILABLE',
  '28': 'STORE_REFUSED',
  '40': 'STORE_UNAVAILABLE',
  '53': 'STORE_UNAVAILABLE',
  '58': 'STORE_UNAVAILABLE',
  XX: 'STORE_CORRUPT',
};

/** What PostgreSQL, or the way to it, failed with, as an error of the store. Holds nothing of the connection string. */
export function coded(error: unknown): RoundhouseError {
  if (isRoundhouseError(error)) return error;
  const reason = error instanceof Error && error.message !== '' ? error.message : systemCode(error);
  const init = { details: { reason }, cause: error };
  const sqlState = /^[0-9A-Z]{5}$/.exec(systemCode(error))?.[0];
  // What the server did not say, the connection or the client did: none, a broken one, a time-out.
  if (sqlState === undefined)
    return error instanceof TypeError ? coreError('INTERNAL', init) : storeError('STORE_UNAVAILABLE', init);
  const code = CODES[sqlState] ?? CODES[sqlState.slice(0, 2)];
  return code === undefined ? coreError('INTERNAL', init) : storeError(code, init);
}

/** SQLSTATE of the server, or the code of a system error; several addresses tried give one error each. */
function systemCode(error: unknown): string {
  if (error instanceof AggregateError) return systemCode(error.errors[0]);
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
