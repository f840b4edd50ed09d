/**
 * Generates the pages docs/compliance.md, docs/conformance.md, docs/errors.md, docs/terminal.md and docs/protocols/conformance.md from the tables and catalogues of the code.
 *
 *   node tools/docs.ts            writes the pages that differ
 *   node tools/docs.ts --check    compares the pages with the code; exit status 1 and what differs if one is stale
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative } from 'node:path';

// The pages tell of the sources, whatever was built from them before.
registerHooks({
  resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
});

const { ROOT, renderPages } = await import('./docs/pages.ts');
const { differences } = await import('./docs/markdown.ts');

const isCheck = process.argv.includes('--check');
for (const { file, text } of await renderPages()) {
  const name = relative(ROOT, file);
  const changes = differences(readText(file), text);
  if (changes.length === 0) {
    process.stdout.write(`${name} is current\n`);
  } else if (isCheck) {
    process.exitCode = 1;
    process.stderr.write(`${name} is stale; run "npm run docs"\n${changes.map((line) => `  ${line}\n`).join('')}`);
  } else {
    writeFileSync(file, text);
    process.stdout.write(`${name} written\n`);
  }
}

/** A page that is not there yet is empty. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
