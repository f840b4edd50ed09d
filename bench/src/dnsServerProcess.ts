import { readFileSync } from 'node:fs';
import { parseZone, serveDns } from '@roundhouse/protocols/dns';

/** A DNS server as a process: `dnsServerProcess.ts FILE ORIGIN`. Prints `{"port":…,"names":…,"loadMs":…}`. */
const [file, origin] = process.argv.slice(2) as [string, string];

const startedAt = performance.now();
const zone = parseZone(readFileSync(file, 'utf8'), { origin, file });
const loadMs = performance.now() - startedAt;
const server = await serveDns({ zones: [zone] });
process.stdout.write(`${JSON.stringify({ port: server.port, names: zone.names, loadMs })}\n`);
await server.closed;
