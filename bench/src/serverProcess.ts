import { randomBytes } from 'node:crypto';
import { systemClock } from '@roundhouse/core';
import { createServer, openLog } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';

/**
 * The server of the product as a process: `serverProcess.ts [GROUP]`. Prints `{"url":…,"token":…,"frontPort":…}` and
 * serves until it is ended. The front door is there when its group is given, else `frontPort` is null.
 */
const [group] = process.argv.slice(2);
const token = randomBytes(24).toString('base64url');
const log = await openLog({ filter: 'silent' }, { clock: systemClock });
const server = await createServer(
  { port: 0, token, version: 'bench', ...(group === undefined ? {} : { frontDoor: { port: 0, group } }) },
  { openSession, log },
);
const { url, frontPort } = await server.start();
process.stdout.write(`${JSON.stringify({ url, token, frontPort })}\n`);
