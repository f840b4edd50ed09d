/** All checks that need no test run: each a line with its time; all run even when one fails. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** What to do about a failure. */
  readonly remedy: string;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const script = (path: string, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  '--conditions=source',
  path,
  ...args,
];

const steps: readonly Step[] = [
  { name: 'format', command: [bin('biome'), 'format'], remedy: 'npm run format' },
  { name: 'types', command: [bin('tsc'), '-b'], remedy: 'correct the types' },
  {
    name: 'lint',
    command: [bin('oxlint'), '--type-aware', '--deny-warnings'],
    remedy: 'correct the code; switches in comments are not used here',
  },
  { name: 'dependencies', command: script('tools/dependencies.ts'), remedy: 'as said above' },
  { name: 'unused', command: [bin('knip')], remedy: 'remove what nobody uses' },
  ...['tools/code-pages.ts', 'tools/docs.ts']
    .filter((path) => existsSync(join(root, path)))
    .map((path): Step => ({ name: path, command: script(path, '--check'), remedy: `node ${path}` })),
];

let failures = 0;
for (const step of steps) {
  const startedAt = performance.now();
  const { code, output } = await run(step.command);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const isGood = code === 0;
  if (!isGood) {
    failures++;
    process.stdout.write(output);
  }
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${step.name} ${seconds} s${isGood ? '' : ` (${step.remedy})`}`);
}
process.exitCode = failures > 0 ? 1 : 0;

function run([command, ...args]: Step['command']): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stderr.on('data', (part: Buffer) => parts.push(part));
    child.once('error', (error) => resolve({ code: 1, output: `${error.message}\n` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(parts).toString() }));
  });
}
