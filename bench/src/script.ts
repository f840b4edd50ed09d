import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const SELF = fileURLToPath(import.meta.url);

/** Scripts run as this module does: compiled, as the product is, or from source in a test. */
export const NODE_ARGUMENTS: readonly string[] = SELF.endsWith('.ts') ? ['--conditions=source'] : [];

/** Path of a script of this folder that is started as a process. */
export function scriptPath(name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(SELF)}`, import.meta.url));
}
