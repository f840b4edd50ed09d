#!/usr/bin/env node
// Plain JavaScript that any Node can read: it finds a runtime that can run the rest, and says so when there is none.
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import * as module from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleOf } from './bundle.js';

/** The first of 24 with long-term support. */
const OLDEST_NODE = '24.11';
const script = fileURLToPath(import.meta.url);
const home = dirname(dirname(script));
const args = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else if (isNewEnough(process.versions.node)) {
  await runHere();
} else {
  runElsewhere();
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Runs the bundle, else what was built, else the sources of a checkout. */
async function runHere() {
  const bundle = bundleOf(home);
  const built = join(home, 'dist', 'main.js');
  const entry = bundle ?? (existsSync(built) ? built : join(home, 'src', 'main.ts'));
  const folder = folderOfCompiled(entry);
  if (bundle === undefined) {
    if (folder !== undefined) module.enableCompileCache(folder);
    module.registerHooks({ resolve: entry === built ? resolveBesides : resolveSources });
  }
  // Whoever reads may have enough, like head: that is no failure.
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const { exports, keepCompiled } =
    bundle === undefined
      ? { exports: await import(pathToFileURL(entry).href), keepCompiled: module.flushCompileCache }
      : // Only here: an older Node could not even read it.
        (await import('./load.js')).load(bundle, folder);
  const { run, nameSources } = exports;
  if (bundle !== undefined) nameSources(pathToFileURL(`${dirname(bundle)}/`).href);
  const { env, stdout, stderr } = process;
  process.exitCode = await run(args, { version, env, stdout, stderr, keepCompiled });
}

function resolveSources(specifier, context, next) {
  return next(specifier, { ...context, conditions: [...context.conditions, 'source'] });
}

/** A file beside an ES module is where its name says: Node would look at the disk for each of a thousand. */
function resolveBesides(specifier, context, next) {
  const isBeside = specifier.startsWith('.') && specifier.endsWith('.js') && context.conditions.includes('import');
  if (!isBeside || context.parentURL === undefined) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
}

/**
 * Where is what V8 compiled of this build the last time; undefined where nothing can be kept. Whoever may write there
 * could make this program run anything.
 */
function folderOfCompiled(entry) {
  const cache = process.env.CACHE_DIRECTORY || process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'roundhouse', 'compiled');
  try {
    if (!existsSync(dirname(cache))) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const each of [cache, dirname(folder), folder]) {
      const { uid, mode } = lstatSync(each);
      if (uid !== process.getuid() || (mode & 0o022) !== 0) return undefined;
    }
    const own = join(folder, buildOf(entry));
    if (!existsSync(own)) forgetOldBuilds(folder);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const now = new Date();
    utimesSync(own, now, now);
    return own;
  } catch {
    return undefined;
  }
}

/** A name for what is run, which another build has not. */
function buildOf(entry) {
  const { ino, mtimeMs } = statSync(entry);
  return `${ino}-${Math.trunc(mtimeMs)}`;
}

/** Removes what was compiled of builds that nobody has run for a month: each takes some megabytes. */
function forgetOldBuilds(folder) {
  const before = Date.now() - 30 * 86_400_000;
  for (const each of readdirSync(folder)) {
    const path = join(folder, each);
    if (statSync(path).mtimeMs < before) rmSync(path, { recursive: true, force: true });
  }
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
