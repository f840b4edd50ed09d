import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { defineScreen, type HostApplication, type LuAllocator, serveHost } from '@roundhouse/tn3270/host';
import { bankApplication } from './demo/application.ts';
import { createBank } from './demo/bank.ts';

/**
 * The demonstration bank as a process that can be troubled: `troubledHostProcess.fixture.ts PORT NAME`. Prints `{"port":…}` when
 * it listens, and takes on standard input, one a line, how it treats terminals from then on:
 * `well`, `full` (every LU is refused), `down` (it shows SYSTEM NOT AVAILABLE), or ms before the first screen.
 */
const [port, name] = process.argv.slice(2);
let mood = 'well';

const held = new Set<string>();
const lus: LuAllocator = {
  get held() {
    return [...held];
  },
  acquire() {
    if (mood === 'full') return { granted: false, refusal: 'DEVICE_IN_USE' };
    let number = 1;
    while (held.has(luName(number))) number++;
    held.add(luName(number));
    return { granted: true, lu: luName(number) };
  },
  release: (lu) => void held.delete(lu),
};

function luName(number: number): string {
  return `TRBL${String(number).padStart(4, '0')}`;
}

const NotAvailable = defineScreen({
  fields: [{ row: 12, column: 30, text: 'SYSTEM NOT AVAILABLE', color: 'red' }],
});

const bank = bankApplication(createBank(), name as string);
const application: HostApplication = async (terminal) => {
  if (mood === 'down') {
    await terminal.show(NotAvailable);
    return;
  }
  const delayMs = Number(mood);
  if (delayMs > 0) await terminal.scope.sleep(delayMs);
  await bank(terminal);
};

const host = await serveHost({ port: Number(port), pluName: 'RHBANK', lus }, application);
// One that is killed would leave nothing of it to the next.
flushCompileCache();
createInterface({ input: process.stdin }).on('line', (line) => {
  mood = line;
  process.stdout.write(`${JSON.stringify({ mood })}\n`);
});
process.stdout.write(`${JSON.stringify({ port: host.port })}\n`);
