import type { AuditStatus, Client } from '@roundhouse/api';
import { createScope, type Scope, systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { cliError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

interface RebuildOptions extends ApiOptions {
  readonly wait: boolean;
}

/** How often the server is asked how far it is, ms. */
const POLL_MS = 500;

export function rebuildCommand(io: Io): Command {
  const command = new Command('rebuild')
    .description('make the index of the journal anew, and show how far it is; the journal itself is not touched')
    .option('--no-wait', 'do not wait until it is done');
  return withApiOptions(command).action(async ({ wait, ...options }: RebuildOptions) => {
    using client = await connect(options, io);
    const begun = await client.audit.rebuild();
    using scope = createScope({ clock: io.clock ?? systemClock });
    const status = wait ? await built(client, begun, scope, io) : begun;
    if (options.json === true) writeJson(io.stdout, status);
    else if (wait) io.stdout.write(`The index has ${status.index?.next_seq ?? 0} records.\n`);
    else io.stdout.write('It has begun; "roundhouse audit status" says how far it is.\n');
  });
}

async function built(client: Client, begun: AuditStatus, scope: Scope, { stderr }: Io): Promise<AuditStatus> {
  const total = begun.journal.next_seq;
  let shown = -1;
  for (let status = begun; ; status = await client.audit.status()) {
    const { index } = status;
    if (index?.state === 'failed') {
      throw cliError('INDEX_FAILED', { details: { reason: index.reason ?? 'it is not said why' } });
    }
    const done = index?.next_seq ?? 0;
    if (done >= total) return status;
    const percent = Math.floor((100 * done) / total);
    if (percent > shown) stderr.write(`${percent} %, ${done} of ${total} records\n`);
    shown = percent;
    await scope.sleep(POLL_MS);
  }
}
