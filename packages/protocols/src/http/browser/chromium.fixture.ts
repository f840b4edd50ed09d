import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, startPeer } from '@roundhouse/testing';

export const hasChromium = isInstalled('chromium');

/** A browser that shows one page, and runs until it is disposed of. It trusts the certificate's key and no other. */
export async function openChromium(url: string, certificate: string): Promise<AsyncDisposable> {
  const profile = await mkdtemp(join(tmpdir(), 'roundhouse-chromium-'));
  const browser = await startPeer('chromium', [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--no-proxy-server',
    // It speaks with nobody but us.
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${profile}`,
    `--ignore-certificate-errors-spki-list=${keyHash(certificate)}`,
    // Without somebody to take its orders it would end at once.
    '--remote-debugging-port=0',
    url,
  ]);
  return {
    async [Symbol.asyncDispose]() {
      await browser.close(5_000);
      // Its children write for a moment longer.
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

/** SHA-256 of the public key, as RFC 7469 §2.4 has it. */
function keyHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
