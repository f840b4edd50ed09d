import type { Command } from 'commander';
import { applyCommand } from './commands/apply.ts';
import { auditCommand } from './commands/audit/audit.ts';
import { canICommand } from './commands/canI.ts';
import { complianceCommand } from './commands/compliance/compliance.ts';
import { configCommand } from './commands/config/config.ts';
import { connectCommand } from './commands/connect.ts';
import { deleteCommand } from './commands/delete.ts';
import { demoCommand } from './commands/demo.ts';
import { describeCommand } from './commands/describe.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { endpointCommand } from './commands/endpoint/endpoint.ts';
import { errorsCommand } from './commands/errors.ts';
import { getCommand } from './commands/get.ts';
import { groupCommand } from './commands/group/group.ts';
import { keyCommand } from './commands/key/key.ts';
import { logLevelCommand } from './commands/logLevel.ts';
import { mailCommand } from './commands/mail/mail.ts';
import { metricsCommand } from './commands/metrics.ts';
import { netCommand } from './commands/net/net.ts';
import { operationCommand } from './commands/operation/operation.ts';
import { principalCommand } from './commands/principal/principal.ts';
import { sessionCommand } from './commands/session/session.ts';
import { supportBundleCommand } from './commands/supportBundle.ts';
import { topCommand } from './commands/top.ts';
import { upCommand } from './commands/up.ts';
import { usageCommand } from './commands/usage.ts';
import { watchCommand } from './commands/watch.ts';
import { webhookCommand } from './commands/webhook/webhook.ts';
import { whoamiCommand } from './commands/whoami.ts';
import { workerCommand } from './commands/worker/worker.ts';
import type { VerdictIo } from './io.ts';

/** All commands, by heading. `argv` is the whole command line, which some of them read again. */
export function allCommands(argv: readonly string[], io: VerdictIo): CommandGroups {
  return {
    'Run:': [demoCommand(io), upCommand(io), connectCommand(io)],
    'Use hosts:': [sessionCommand(argv, io), operationCommand(io)],
    'Keep programs running:': [workerCommand(io), topCommand(io)],
    'Say what there is:': [
      endpointCommand(io),
      groupCommand(io),
      webhookCommand(io),
      principalCommand(io),
      keyCommand(io),
    ],
    'All kinds alike:': [getCommand(io), describeCommand(io), applyCommand(io), diffCommand(io), deleteCommand(io)],
    'Ask services:': [netCommand(io)],
    'Watch over the server:': [
      watchCommand(io),
      mailCommand(io),
      usageCommand(io),
      metricsCommand(io),
      logLevelCommand(io),
      configCommand(io),
      complianceCommand(io),
      doctorCommand(io),
      supportBundleCommand(io),
      auditCommand(io),
    ],
    'Find out:': [whoamiCommand(io), canICommand(io), errorsCommand(io)],
  };
}

/** Commands by the heading under which the help shows them. */
export type CommandGroups = Readonly<Record<string, readonly Command[]>>;
