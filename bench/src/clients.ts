import { type PeerProcess, s3270Available, startPeer } from '@roundhouse/testing';
import { NODE_ARGUMENTS, scriptPath } from './script.ts';

/** A TN3270 client program that connects to a port and answers the host until it is ended. */
export interface ClientProgram {
  readonly name: string;
  start(port: number): Promise<PeerProcess>;
}

export const ROUNDHOUSE: ClientProgram = {
  name: 'roundhouse',
  start: (port) => startPeer(process.execPath, [...NODE_ARGUMENTS, scriptPath('client'), String(port)]),
};

export const S3270: ClientProgram = {
  name: 's3270',
  start: (port) => startPeer('s3270', ['-model', '3279-2', `127.0.0.1:${port}`]),
};

/** The programs that are here, ours first. */
export function installedClients(): readonly ClientProgram[] {
  return s3270Available() ? [ROUNDHOUSE, S3270] : [ROUNDHOUSE];
}

/** The note on a peer that is not there. */
export function missingPeers(): readonly string[] {
  if (s3270Available()) return [];
  return ['s3270 is not installed, so nothing is compared with it (Debian: apt install s3270).'];
}
