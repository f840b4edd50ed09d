import { randomBytes } from 'node:crypto';
import { silentLogger } from '@roundhouse/core';
import { createServer } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';

/**
 * The server of the product as a process: `serverProcess.ts [GROUP]`. Prints `{"url":…,"token":…,"frontPort":…}` and
 * serves until it is ended. The front door is there when its group is given, else `frontPort` is null.
 */
const [group] = process.argv.slice(2);
const token = randomBytes(24).toString('base64url');
const server = createServer(
  { port: 0, token, version: 'bench', ...(group === undefined ? {} : { frontDoor: { port: 0, group } }) },
  { openSession, log: silentLogger },
);
const { url, frontPort } = await server.start();
process.stdout.write(`${JSON.stringify({ url, token, frontPort })}\n`);
