#!/usr/bin/env node
// Makes of what the `roundhouse` command runs a few files, which load in a third of the time of a thousand modules and
// take less memory. Runs on the pinned Node.js, from tools/prepare.mjs. See docs/decisions/0013-bundle.md.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Where all chunks go, side by side: an import.meta.url in any of them is in this folder. */
const folder = join(root, 'apps', 'cli', 'dist', 'bundle');
const contents = join(folder, 'contents.json');
/** One letter more, and V8 holds all of a file with two bytes a character. */
const ASCII = /^[\0-\x7f]*$/;
/** What is run as a process, by its name in the bundle. Programs share no chunk: each holds only what it needs. */
const PROGRAMS = {
  auditArchiveCheck: 'packages/audit/src/retention/checkThread.ts',
  auditIndex: 'packages/audit/src/index/sqlite/thread.ts',
  auditVerification: 'apps/server/src/audit/verifyThread.ts',
  logDaemon: 'packages/workers/src/logs/daemon/main.ts',
  // The last: its time says that all are there.
  main: 'apps/cli/src/main.ts',
};

/** What apps/cli/bin/load.js loads, and not Node: as CommonJS. */
const LOADED = 'main';

/**
 * Modules of Node that many may use and a start does not: as soon as the first is loaded, it reads 150 certificates, in a
 * thread, and holds them; the others load it. The loader has their properties by name alone until one is asked for.
 */
const LATE = ['node:tls', 'node:https', 'node:http2'];

/** A module finds what lies beside it (scripts, its own package) where it was built, and programs in the bundle. */
const places = {
  name: 'places',
  transform: {
    filter: { id: /\.ts$/, code: /import\.meta\.url/ },
    handler(code, id) {
      const built = id.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js');
      const place = relative(folder, built).split(sep).join(posix.sep);
      const placed = code.replaceAll(/new URL\('(\.[^']+\.js)', import\.meta\.url\)|import\.meta\.url/g, (_, beside) =>
        beside === undefined
          ? `new URL('${place}', import.meta.url).href`
          : `new URL('./${programOf(resolve(dirname(id), beside))}.js', import.meta.url)`,
      );
      // Lines stay where they are, and a stack needs no more.
      return { code: placed, map: null };
    },
  },
};

/** Names in comments, licences above all, are what is left to be rewritten: in as many letters, for the source maps. */
function inAscii(code, fileName) {
  const plain = code.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, (comment) =>
    comment.replaceAll(/[^\0-\x7f]/g, (letter) => letter.normalize('NFD').replaceAll(/[^\0-\x7f]/g, '') || '?'),
  );
  if (!ASCII.test(plain)) throw new Error(`${fileName} has letters that are not ASCII outside of comments`);
  return plain;
}

function programOf(path) {
  const source = relative(root, path).replace(/\.js$/, '.ts');
  const name = Object.keys(PROGRAMS).find((each) => PROGRAMS[each] === source.split(sep).join(posix.sep));
  if (name === undefined) throw new Error(`${source} is run, and is not among the programs of tools/bundle.mjs`);
  return name;
}

/**
 * An import of node:http reads all of its exports, and one of them is a getter (WebSocket) that loads an HTTP client:
 * 50 ms and 3 MB for nothing. Of these modules the plain properties are taken.
 */
const withoutGetters = {
  name: 'without getters',
  resolveId: {
    filter: { id: /^node:(?:http|crypto)$/ },
    handler: (id, _importer, { kind }) =>
      kind === 'require-call' ? undefined : { id: `\0${id}`, moduleSideEffects: false },
  },
  load: {
    filter: { id: /^\0node:/ },
    handler(id) {
      const name = id.slice(1);
      const properties = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)));
      const values = properties.filter(([, property]) => 'value' in property).map(([key]) => key);
      const lines = values.map((key) => `export const ${key} = builtin.${key};`);
      return [`const builtin = process.getBuiltinModule('${name}');`, ...lines, 'export default builtin;'].join('\n');
    },
  },
};

// What the last bundle was made of stays for once: a process that runs from it may load a part later.
const before = existsSync(contents) ? JSON.parse(readFileSync(contents, 'utf8')).files : [];
const files = [];
const projects = new Set();
for (const name of Object.keys(PROGRAMS)) await bundle(name);
const kept = new Set([...files, ...before, 'contents.json']);
for (const each of readdirSync(folder)) if (!kept.has(each)) rmSync(join(folder, each));
const late = Object.fromEntries(LATE.map((name) => [name, Object.keys(process.getBuiltinModule(name))]));
writeFileSync(contents, `${JSON.stringify({ files, projects: [...projects], late })}\n`);

async function bundle(name) {
  const extension = name === LOADED ? 'cjs' : 'js';
  const build = await rolldown({
    input: { [name]: join(root, PROGRAMS[name]) },
    cwd: root,
    // Fastify's compilers of JSON Schema, which apps/server never asks for: not to be held in memory, found if they were.
    external: ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
    platform: 'node',
    // Beside them, "import" or "require", as a module is asked for.
    resolve: { conditionNames: ['source', 'node'] },
    // What tsc compiles to.
    transform: { target: 'es2024' },
    plugins: [places, withoutGetters],
    checks: { ineffectiveDynamicImport: false },
    onLog(level, { message }) {
      // A bundle that is wrong somewhere is worse than none.
      throw new Error(`${level}: ${message}`);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: name === LOADED ? 'cjs' : 'esm',
    // Hidden from the engine, which would read them at every start: apps/cli/src/stack.ts does when a stack is printed.
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `${name}-[name]-[hash].${extension}`,
    // One byte a character in memory instead of two.
    charset: 'ascii',
    // Names stay: those of classes stand in messages, those of functions in stacks.
    minify: { compress: false, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  });
  await build.close();
  for (const { fileName, moduleIds = [], type, code } of output) {
    files.push(fileName);
    if (type === 'chunk' && !ASCII.test(code)) writeFileSync(join(folder, fileName), inAscii(code, fileName));
    for (const id of moduleIds) {
      const project = /^(.*)\/src\//.exec(id)?.[1];
      if (project === undefined || id.includes('/node_modules/')) continue;
      projects.add(
        relative(folder, join(project, 'dist', '.tsbuildinfo'))
          .split(sep)
          .join(posix.sep),
      );
    }
  }
}
