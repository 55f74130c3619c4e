import { networkInterfaces } from 'node:os';

/**
 * Lower-case names and addresses under which this RA is reached: those of its certificate, of the URL it is told it has, and
 * of this machine.
 */
export function ownHosts(certificateNames: readonly string[], publicUrl: string | null): string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const addresses = interfaces.map(({ address }) => address.replace(/%.*/s, ''));
  const told = publicUrl === null ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')];
  return [...certificateNames, ...told, ...addresses, 'localhost'].map((each) => each.toLowerCase());
}
