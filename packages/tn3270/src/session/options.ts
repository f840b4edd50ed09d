import { checkHost, checkPort, formatAddress } from '@roundhouse/net';
import type { CodePage } from '../codepage/codePage.ts';
import { codePage, DEFAULT_CODE_PAGE } from '../codepage/registry.ts';
import { tn3270Error } from '../errors.ts';
import { DEFAULT_MODEL, type Model, parseModel } from '../terminal/model.ts';
import type { SessionOptions, SessionTls } from './session.ts';
import type { Compat } from '../compat.ts';

/** Options of a session after the door: complete, checked, read-only. */
export interface ResolvedSessionOptions {
  readonly host: string;
  readonly port: number;
  /** `host:port`, for messages. */
  readonly peer: string;
  readonly tls: SessionTls | undefined;
  /** How to check a host that starts TLS itself. */
  readonly startTls: SessionTls;
  readonly lus: readonly string[];
  readonly model: Model;
  readonly codePage: CodePage;
  readonly compat: Compat;
  /** What NEW-ENVIRON may tell the host. */
  readonly environment: { readonly user?: string; readonly deviceName?: string; readonly applicationId?: string };
  readonly connectTimeoutMs: number;
  readonly maxRecordBytes: number;
  readonly rpqName: string;
  readonly trace: ((line: string) => void) | undefined;
  readonly traceHidden: boolean;
}

export const DEFAULT_COMPAT: Compat = {
  tn3270e: true,
  contentionResolution: true,
  bindImage: true,
  bindLimit: true,
  startTls: true,
  wrongTerminalName: false,
  newEnviron: true,
  unlockDelayMs: 0,
};

/** Program name in the RPQ Names query reply. */
const RPQ_NAME = 'Roundhouse';

export const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;
const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;
const LARGEST_RECORD_BYTES = 64 * 1024 * 1024;
const MAX_UNLOCK_DELAY_MS = 10_000;
const MAX_LUS = 32;
/** LU and pool names: what VTAM and TN3270E servers take, and a margin for pool names. RFC 2355 §7.1.4. */
const LU_NAME = /^[A-Z0-9@#$._-]{1,32}$/i;
/** Values of NEW-ENVIRON variables: printable ASCII. */
const ENVIRON_VALUE = /^[\x20-\x7e]{1,64}$/;

/** Checks and completes. Raises ADDRESS_INVALID, MODEL_UNKNOWN, OVERSIZE_INVALID, CODE_PAGE_UNKNOWN, OPTION_INVALID. */
export function resolveSessionOptions(options: SessionOptions): ResolvedSessionOptions {
  const host = checkHost(options.host);
  const port = checkPort(options.port);
  const lus = options.lu ?? [];
  if (lus.length > MAX_LUS) throw invalid('lu', `at most ${MAX_LUS} names`);
  for (const lu of lus)
    if (!LU_NAME.test(lu)) throw invalid('lu', 'letters, digits, @ # $ . _ - and at most 32 of them');
  const compat = { ...DEFAULT_COMPAT, ...options.compat };
  return {
    host,
    port,
    peer: formatAddress({ host, port }),
    tls: options.tls,
    startTls: options.startTls ?? {},
    lus,
    model: parseModel(options.model ?? DEFAULT_MODEL, options.oversize),
    codePage: codePage(options.codePage ?? DEFAULT_CODE_PAGE),
    compat: {
      ...compat,
      unlockDelayMs: within('compat.unlock_delay_ms', compat.unlockDelayMs, 0, MAX_UNLOCK_DELAY_MS),
    },
    environment: environmentOf(options),
    connectTimeoutMs: within('connect_timeout_ms', options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS, 1, 600_000),
    maxRecordBytes: within(
      'max_record_bytes',
      options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
      4096,
      LARGEST_RECORD_BYTES,
    ),
    rpqName: RPQ_NAME,
    trace: options.trace,
    traceHidden: options.traceHidden ?? false,
  };
}

function environmentOf(options: SessionOptions): ResolvedSessionOptions['environment'] {
  const { user, deviceName, applicationId } = options;
  for (const [name, value] of Object.entries({ user, device_name: deviceName, application_id: applicationId })) {
    if (value !== undefined && !ENVIRON_VALUE.test(value)) throw invalid(name, '1 to 64 printable ASCII characters');
  }
  return {
    ...(user === undefined ? {} : { user }),
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(applicationId === undefined ? {} : { applicationId }),
  };
}

function within(option: string, value: number, least: number, most: number): number {
  if (!Number.isFinite(value) || value < least || value > most)
    throw invalid(option, `a number from ${least} to ${most}`);
  return value;
}

function invalid(option: string, expected: string): Error {
  return tn3270Error('OPTION_INVALID', { details: { option, expected } });
}
