import type { Finding, Path } from '@roundhouse/config';

/** A contradiction; `reason` and `hint` are sentences without their capital, the hint without its full stop too. */
export function conflict(path: Path, reason: string, hint: string): Finding {
  return { path, details: { reason: capital(reason) }, hint: `${capital(hint)}.` };
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
