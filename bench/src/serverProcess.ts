import { randomBytes } from 'node:crypto';
import { silentLogger } from '@roundhouse/core';
import { createServer } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';

/** The server of the product as a process: prints `{"url":…,"token":…}` and serves until it is ended. */
const token = randomBytes(24).toString('base64url');
const server = createServer({ port: 0, token, version: 'bench' }, { openSession, log: silentLogger });
const { url } = await server.start();
process.stdout.write(`${JSON.stringify({ url, token })}\n`);
