import { type Clock, createScope, type Logger } from '@roundhouse/core';
import type { TlsServerOptions } from '@roundhouse/net';
import { serveHost } from '@roundhouse/tn3270/host';
import { bankApplication } from './application.ts';
import { createBank } from './bank.ts';

export interface DemoHostOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Shown at the top right of every screen; at most 20 characters. */
  readonly name: string;
  /** TLS from the first byte. */
  readonly tls?: TlsServerOptions;
  /** STARTTLS offered to plain terminals. */
  readonly startTls?: TlsServerOptions;
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface DemoHost extends AsyncDisposable {
  readonly port: number;
  /** Terminals connected. */
  readonly terminalCount: number;
  /** Ends every session. Idempotent. */
  close(): Promise<void>;
}

/** Terminals that ask for one of these get it: DEMO0001 … DEMO0008. */
const NAMED_LUS = names('DEMO', 8);
/** What a request for DEMOPOOL is given from. */
const POOL_LUS = names('DPOL', 16);

/**
 * A bank to try terminals and gateways with: menu, inquiry, update, list, colours, a slow transaction. Any user id is
 * welcome with the password DEMO. LUs: DEMO0001 … DEMO0008 by name, DPOL0001 … DPOL0016 through the pool DEMOPOOL, and
 * DGEN0001 … for terminals that ask for none. Rejects as `serveHost` does.
 */
export function startDemoHost(options: DemoHostOptions): Promise<DemoHost> {
  const { host, port, name, tls, startTls, clock, log } = options;
  return serveHost(
    {
      port,
      ...(host !== undefined && { host }),
      ...(tls && { tls }),
      ...(startTls && { startTls }),
      pluName: 'RHBANK',
      lus: { names: NAMED_LUS, pools: { DEMOPOOL: POOL_LUS }, generic: { prefix: 'DGEN' } },
    },
    bankApplication(createBank(), name),
    { ...(log && { log }) },
    createScope({ ...(clock && { clock }) }),
  );
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(4, '0')}`);
}
