import { isIPv4, isIPv6 } from 'node:net';
import { blockList } from '../webhook/addressRule.ts';

/** Whose mail is taken, and for whom. */
export interface MailRules {
  /** Domains, and addresses. */
  readonly accept: readonly string[];
  /** Networks that it is taken from. Default: loopback. */
  readonly allowFrom?: readonly string[];
}

export interface Acceptance {
  /** Whether a client of this address may speak. */
  readonly takesFrom: (address: string) => boolean;
  /** Whether mail for this address is taken. */
  readonly takesFor: (recipient: string) => boolean;
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Raises WEBHOOK_RANGE_INVALID. */
export function acceptanceOf({ accept, allowFrom = LOOPBACK }: MailRules): Acceptance {
  const networks = blockList(allowFrom);
  const wanted = new Set(accept.map((each) => each.toLowerCase()));
  return {
    takesFrom(address) {
      if (isIPv4(address)) return networks.check(address, 'ipv4');
      // An IPv4 address inside IPv6, as a listener on `::` sees it, is in the networks of IPv4.
      return isIPv6(address) && networks.check(address, 'ipv6');
    },
    takesFor(recipient) {
      const address = recipient.toLowerCase();
      return wanted.has(address) || wanted.has(address.slice(address.lastIndexOf('@') + 1));
    },
  };
}
