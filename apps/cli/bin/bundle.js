// Plain JavaScript: the launcher and tools/prepare.mjs ask it before anything is built.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The program as a bundle (tools/bundle.mjs), `home` being this package. Undefined where there is none, and where a
 * project was built again since: modules that are newer count for more than a fast start.
 */
export function bundleOf(home) {
  const folder = join(home, 'dist', 'bundle');
  try {
    const { projects } = JSON.parse(readFileSync(join(folder, 'contents.json'), 'utf8'));
    const program = join(folder, 'main.cjs');
    const madeAt = statSync(program).mtimeMs;
    return projects.every((each) => builtAt(join(folder, each)) <= madeAt) ? program : undefined;
  } catch {
    return undefined;
  }
}

/** When a project was built last, by what the compiler has noted; 0 where it was installed and not built. */
function builtAt(notes) {
  return statSync(notes, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
