import { Command } from 'commander';
import type { VerdictIo } from '../../io.ts';
import { checkpointCommand } from './checkpoint.ts';
import { exportCommand } from './export.ts';
import { queryCommand } from './query.ts';
import { holdCommand } from './hold.ts';
import { rebuildCommand } from './rebuild.ts';
import { retentionCommand } from './retention.ts';
import { reviewCommand } from './review.ts';
import { statusCommand } from './status.ts';
import { tailCommand } from './tail.ts';
import { verifyCommand } from './verify.ts';

export function auditCommand(io: VerdictIo): Command {
  return new Command('audit')
    .description('who did what: records, proofs, and whether they can be believed')
    .addCommand(queryCommand(io))
    .addCommand(tailCommand(io))
    .addCommand(exportCommand(io))
    .addCommand(statusCommand(io))
    .addCommand(checkpointCommand(io))
    .addCommand(verifyCommand(io))
    .addCommand(reviewCommand(io))
    .addCommand(rebuildCommand(io))
    .addCommand(retentionCommand(io))
    .addCommand(holdCommand(io));
}
