// Plain JavaScript, as the launcher that asks it: loads the bundle.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** Bytes of the checksum before what V8 compiled: it runs that without a look at it. */
const CHECKSUM = 4;

/** Around a file. The modules that it was made of are strict. */
const [HEAD, TAIL] = ["(function (exports, require, module, __filename) { 'use strict';\n", '\n})'];

/**
 * What the file at `entry`, a CommonJS module of the bundle, exports. `keepCompiled` is called at the end, or earlier by
 * who does not know that there will be one. The files of the bundle are loaded once each, with what V8 compiled of them the
 * last time, from `folder`, and left there at the end for the next time; undefined: nothing is kept. It does what Node's own cache of compiled modules does, which keeps all that it has read in memory for good.
 */
export function load(entry, folder) {
  const home = dirname(entry);
  const loaded = new Map();
  const uncompiled = new Map();
  const outside = createRequire(entry);
  const { late: modules } = JSON.parse(readFileSync(join(home, 'contents.json'), 'utf8'));
  const lateModules = new Map(Object.entries(modules).map(([name, keys]) => [name, late(name, keys)]));
  const requireBeside = (name) => {
    if (isBuiltin(name)) {
      return lateModules.get(name.startsWith('node:') ? name : `node:${name}`) ?? process.getBuiltinModule(name);
    }
    return name.startsWith('./') ? exportsOf(join(home, name)) : outside(name);
  };
  const exportsOf = (path) => {
    const known = loaded.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(path, module);
    try {
      run(path, module);
    } catch (error) {
      loaded.delete(path);
      throw error;
    }
    return module.exports;
  };
  const run = (path, module) => {
    // All of the bundle is ASCII.
    const source = readFileSync(path, 'latin1');
    const cachedData = folder && readCompiled(fileIn(folder, path));
    const script = new Script(`${HEAD}${source}${TAIL}`, {
      filename: pathToFileURL(path).href,
      // Places are those of the file.
      lineOffset: -1,
      cachedData,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    if (cachedData === undefined || script.cachedDataRejected) uncompiled.set(path, script);
    script.runInThisContext()(module.exports, requireBeside, module, path);
  };
  const keepCompiled = () => {
    for (const [path, script] of uncompiled) {
      if (folder !== undefined) writeCompiled(fileIn(folder, path), script.createCachedData());
    }
    uncompiled.clear();
  };
  // Not before: what is called only later is compiled only then.
  process.once('exit', keepCompiled);
  return { exports: exportsOf(entry), keepCompiled };
}

/** What has the properties of a module of Node by their names, and loads it when one of them is asked for. */
function late(name, keys) {
  const property = { value: undefined, writable: true, enumerable: true, configurable: true };
  const handler = {
    get: (_, key) => (keys.includes(key) ? process.getBuiltinModule(name)[key] : undefined),
    has: (_, key) => keys.includes(key),
    ownKeys: () => keys,
    getOwnPropertyDescriptor: (_, key) => (keys.includes(key) ? property : undefined),
  };
  return new Proxy({}, handler);
}

function fileIn(folder, path) {
  return join(folder, `${basename(path)}.compiled`);
}

/** Undefined where there is none, or not all of it. */
function readCompiled(file) {
  try {
    const bytes = readFileSync(file);
    const compiled = bytes.subarray(CHECKSUM);
    return bytes.readUInt32LE(0) === crc32(compiled) ? compiled : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all: others may read and write it as well. */
function writeCompiled(file, compiled) {
  const unfinished = `${file}.${process.pid}`;
  try {
    const checksum = Buffer.alloc(CHECKSUM);
    checksum.writeUInt32LE(crc32(compiled));
    writeFileSync(unfinished, Buffer.concat([checksum, compiled]), { mode: 0o600 });
    renameSync(unfinished, file);
  } catch {
    // The next start compiles again. A full disk is not to hold parts of it.
    rmSync(unfinished, { force: true });
  }
}
