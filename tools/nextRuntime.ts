import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '26.10.0';
/** Of the package `node-linux-<architecture>` in the registry, by architecture. */
const INTEGRITY: Readonly<Record<string, string>> = {
  x64: 'OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  arm64: 'idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
};

/**
 * The Node.js that comes after the pinned one, for the tests that have to pass on both. It is fetched once and kept below
 * `node_modules/.cache`; not a dependency, because two packages that bring a `node` command would fight for its name.
 * Throws with the reason when it cannot be had here.
 */
export function nextRuntime(root: string): string {
  const { platform, arch } = process;
  const integrity = INTEGRITY[arch];
  if (platform !== 'linux' || integrity === undefined) throw new Error(`there is none for ${platform} on ${arch}`);
  const folder = join(root, 'node_modules', '.cache', `node-${VERSION}`);
  const node = join(folder, 'package', 'bin', 'node');
  if (!existsSync(node)) fetchInto(folder, `node-linux-${arch}@${VERSION}`, integrity);
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  if (version !== `v${VERSION}`) throw new Error(`${node} is ${version}`);
  return node;
}

function fetchInto(folder: string, name: string, integrity: string): void {
  const parent = join(folder, '..');
  mkdirSync(parent, { recursive: true });
  const draft = mkdtempSync(join(parent, 'node-'));
  try {
    execFileSync('npm', ['pack', name, '--silent', '--pack-destination', draft], { stdio: 'pipe' });
    const archive = join(draft, readdirSync(draft)[0] ?? '');
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (digest !== integrity) throw new Error(`${name} is not what it was: sha512-${digest}`);
    execFileSync('tar', ['--extract', '--gzip', '--file', archive, '--directory', draft, 'package/bin/node']);
    rmSync(archive);
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
