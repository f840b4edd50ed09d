import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Says which modules of compliance are loaded with one of the server, beside its words. */
const PROGRAM = `
import { registerHooks } from 'node:module';
const seen = [];
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (/cel-js|audit[/]src[/]compliance[/](?!rule[/]vocabulary)/.test(found.url)) seen.push(found.url);
    return found;
  },
});
await import(process.argv[1]);
console.log(JSON.stringify(seen));
`;

it.each(['../run/run.ts', '../configuration/configuration.ts'])(
  '%s is there without rules and the language of their expressions',
  async (module) => {
    const place = new URL(module, import.meta.url).href;
    const args = ['--conditions=source', '--input-type=module', '--eval', PROGRAM, place];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
    expect(JSON.parse(stdout)).toEqual([]);
  },
);
