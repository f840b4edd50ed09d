import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PAGE_FILE = fileURLToPath(new URL('../../../../examples/roundhouse.yaml', import.meta.url));

/** The page of the examples: every section that an installation has. */
export const PAGE = readFileSync(PAGE_FILE, 'utf8');

/** The key whose hash `PAGE_VARIABLES` has. */
export const NIGHTLY_KEY = `rh_nightly_${'k'.repeat(43)}`;

/** What the page wants of its environment. */
export const PAGE_VARIABLES = {
  AUDIT_HOOK_SECRET: `whsec_${'A'.repeat(43)}=`,
  NIGHTLY_KEY_HASH: '3ca42821098ea76c9cd12214435ba998b9ea19bb6b7cc19b8a6588e0b81746ec',
  HELEN_PASSWORD_HASH: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
} as const;
