import { networkInterfaces } from 'node:os';

/**
 * Names and addresses at which clients reach this RA, in lower case: those of its certificate, of UPKI_RA_URL and of this machine.
 */
export function ownHosts(certificateNames: readonly string[], publicUrl: string | null): string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const addresses = interfaces.map(({ address }) => address.replace(/%.*/s, ''));
  const configured = publicUrl === null ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')];
  return [...certificateNames, ...configured, ...addresses, 'localhost'].map((each) => each.toLowerCase());
}
