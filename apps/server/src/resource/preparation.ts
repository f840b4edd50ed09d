import type { Prepare } from '../http/resourceRoutes.ts';
import { createApiKey } from '../identity/apiKey.ts';
import { createSecret } from '../webhook/signature.ts';

const ID_BYTES = 9;

/** What callers leave to the server: the secret of a key and of a webhook, shown this once. */
export function preparation(randomBytes: (size: number) => Buffer): Prepare {
  return {
    api_key(input) {
      if (input.hash !== undefined) return { input, shown: { key: null } };
      const { record, key } = createApiKey(input, { randomBytes });
      return { input: record, shown: { key: key.reveal() } };
    },
    webhook(input) {
      const id = input.id ?? `wh-${randomBytes(ID_BYTES).toString('hex')}`;
      if (input.secret !== undefined) return { input: { ...input, id }, shown: { secret: null } };
      const secret = createSecret(randomBytes);
      return { input: { ...input, id, secret }, shown: { secret } };
    },
  };
}
