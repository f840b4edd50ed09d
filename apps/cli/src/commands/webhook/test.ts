import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { deliveryReport } from './deliveryReport.ts';

export function testCommand(io: VerdictIo): Command {
  const command = new Command('test')
    .description('send a webhook an event to try it out, and show what the receiver answered')
    .argument('<id>', 'webhook id');
  return withApiOptions(command)
    .addHelpText('after', `\nExit code ${EXIT.Findings}: the receiver did not take it.\n`)
    .action(async (id: string, options: ApiOptions) => {
      using client = await connect(options, io);
      const delivery = await client.testWebhook(id);
      if (options.json === true) writeJson(io.stdout, delivery);
      else io.stdout.write(deliveryReport(delivery));
      if (delivery.status !== 'delivered') io.conclude(EXIT.Findings);
    });
}
