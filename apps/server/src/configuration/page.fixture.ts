import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE_FILE = fileURLToPath(new URL('../../../../examples/roundhouse.yaml', import.meta.url));

/** The page of the examples: every section that an installation has. */
export const PAGE = readFileSync(PAGE_FILE, 'utf8');

/** What the page wants of its environment. */
export const PAGE_VARIABLES = {
  AUDIT_HOOK_SECRET: `whsec_${'A'.repeat(43)}=`,
  NIGHTLY_KEY_HASH: 'ab'.repeat(32),
  HELEN_PASSWORD_HASH: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
};
