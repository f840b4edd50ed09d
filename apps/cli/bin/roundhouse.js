#!/usr/bin/env node
// Plain JavaScript that any Node can read: it finds a runtime that can run the rest, and says so when there is none.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = 24;
const script = fileURLToPath(import.meta.url);
const home = dirname(dirname(script));
const args = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  await runHere();
} else {
  runElsewhere();
}

/** Runs what was built, or the sources of a checkout. */
async function runHere() {
  const built = join(home, 'dist', 'main.js');
  const isBuilt = existsSync(built);
  if (!isBuilt) {
    module.registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
    });
  }
  const entry = isBuilt ? built : join(home, 'src', 'main.ts');
  // Whoever reads may have enough, like head: that is no failure.
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const { run } = await import(pathToFileURL(entry).href);
  process.exitCode = await run(args, { version, env: process.env, stdout: process.stdout, stderr: process.stderr });
}

/** Hands over to the runtime that the checkout pins, signals and exit code included. */
function runElsewhere() {
  const node = pinnedNode(home);
  if (node === undefined) {
    process.stderr.write(
      `Roundhouse needs Node.js ${OLDEST_NODE} or newer; this is ${process.version}.\n` +
        'Run "npm ci" in the checkout to install the pinned runtime, or start this with a newer Node.js.\n',
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [script, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${node} cannot be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    // As a shell tells it: 128 and the number of the signal.
    process.exitCode = code ?? 128 + constants.signals[signal];
    for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(each);
  });
}

/** The runtime of `tools/runtime`, wherever npm has put it above this folder. */
function pinnedNode(folder) {
  const name = `node-${process.platform}-${process.arch}`;
  for (let at = folder; ; at = dirname(at)) {
    for (const place of [at, join(at, 'tools', 'runtime')]) {
      const node = join(place, 'node_modules', name, 'bin', 'node');
      if (existsSync(node)) return node;
    }
    if (at === dirname(at)) return undefined;
  }
}
