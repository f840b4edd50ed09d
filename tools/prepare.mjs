#!/usr/bin/env node
// Makes a checkout ready to run: installs what the lockfile says, finds the pinned Node.js, builds what has changed and,
// with --peers, sees to the foreign programs of the tests. Plain JavaScript without dependencies: it runs before anything
// is installed, on the Node.js of the machine (20 or newer).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../apps/cli/bin/bundle.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...path) => join(root, ...path);
const pinnedNode = at('node_modules', '.bin', 'node');

install();
checkRuntime();
build();
bundle();
if (process.argv.includes('--peers')) peers();

function install() {
  const wanted = at('package-lock.json');
  const installed = at('node_modules', '.package-lock.json');
  const isThere = existsSync(installed);
  if (isThere && mtime(installed) >= mtime(wanted)) return;
  // A checkout touches the lockfile without changing it.
  if (!isThere || !hasSamePackages(wanted, installed)) {
    say(`installing the dependencies: ${isThere ? 'package-lock.json has changed' : 'there are none yet'}`);
    // Not `npm ci`: it refuses a lockfile that lacks the packages of foreign platforms, which not every registry serves.
    // What it assures is checked below: that exactly the packages of the lockfile are there.
    const quietly = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    run('npm', ['install', ...quietly], 'npm install failed, see above. Is the npm registry reachable?');
    if (!hasSamePackages(wanted, installed)) {
      fail('package-lock.json does not go with the manifests: run npm install and commit what it changes.');
    }
  }
  const now = new Date();
  utimesSync(installed, now, now);
}

function hasSamePackages(wanted, installed) {
  const [here, there] = [packagesIn(wanted), packagesIn(installed)];
  const isSame = ([path, { version, integrity, optional }]) => {
    const own = there.get(path);
    // Optional packages of other platforms are not installed.
    return own === undefined ? optional === true : own.version === version && own.integrity === integrity;
  };
  return [...here].every(isSame) && [...there.keys()].every((path) => here.has(path));
}

/** The packages from outside that a lockfile lists, by folder. */
function packagesIn(lockfile) {
  const { packages } = JSON.parse(readFileSync(lockfile, 'utf8'));
  return new Map(Object.entries(packages).filter(([path, { link }]) => /(^|\/)node_modules\//.test(path) && !link));
}

function checkRuntime() {
  const { status, stdout } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (status === 0 && Number.parseInt(stdout.slice(1), 10) >= 24) return;
  fail(
    `the pinned Node.js does not run here (${pinnedNode}). It comes from npm as an optional package for Linux with glibc ` +
      'on x64 and arm64; elsewhere, or after --omit=optional, put Node.js 24.11 or newer first in PATH.',
  );
}

function build() {
  const stamp = at('node_modules', '.cache', 'build.stamp');
  const projects = JSON.parse(readFileSync(at('tsconfig.json'), 'utf8')).references.map(({ path }) => path);
  if (existsSync(stamp) && projects.every(isBuilt) && newest(projects) <= mtime(stamp)) return;
  // The moment before the build: what changes meanwhile is built the next time.
  const startedAt = new Date();
  run(pinnedNode, [at('node_modules', 'typescript', 'bin', 'tsc'), '-b'], 'the build failed: see the errors above.');
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
}

function bundle() {
  if (bundleOf(at('apps', 'cli')) !== undefined) return;
  const { status, stderr } = spawnSync(pinnedNode, [at('tools', 'bundle.mjs')], { cwd: root, encoding: 'utf8' });
  // Everything works without it, and says so: the command takes the modules.
  if (status !== 0) say(`roundhouse starts slower and takes more memory, for there is no bundle of it: ${stderr}`);
}

function isBuilt(project) {
  const { tsBuildInfoFile } = JSON.parse(readFileSync(at(project, 'tsconfig.json'), 'utf8')).compilerOptions;
  return existsSync(at(project, tsBuildInfoFile));
}

/** Newest change of anything that a build reads, ms since 1970; removals show in the time of their folder. */
function newest(projects) {
  let time = Math.max(...['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'].map((file) => mtime(at(file))));
  const visit = (folder) => {
    time = Math.max(time, mtime(folder));
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name === 'dist' || entry.name === 'node_modules') continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.(ts|tsx|json)$/.test(entry.name)) time = Math.max(time, mtime(path));
    }
  };
  // The project's own folder changes whenever its output appears, so only its files and source folders count.
  for (const project of projects) {
    for (const entry of readdirSync(at(project), { withFileTypes: true })) {
      if (entry.isDirectory() && !['dist', 'node_modules'].includes(entry.name)) visit(at(project, entry.name));
      else if (/\.(ts|json)$/.test(entry.name)) time = Math.max(time, mtime(at(project, entry.name)));
    }
  }
  return time;
}

function peers() {
  const { status } = spawnSync('bash', [at('tools', 'peers.sh')], { stdio: 'inherit' });
  if (status !== 0) say('without them the tests that need them are skipped, and say so.');
}

function mtime(path) {
  return statSync(path).mtimeMs;
}

function run(command, args, complaint) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail(error === undefined ? complaint : `${complaint} (${error.message})`);
}

function say(message) {
  console.error(`prepare: ${message}`);
}

function fail(message) {
  say(message);
  process.exit(1);
}
