import { createHash } from 'node:crypto';
import { escapeHtml } from '../lib/html.js';
import type { Root } from './roots.js';

/** The media type of a configuration profile on macOS and iOS. */
export const MOBILECONFIG_TYPE = 'application/x-apple-aspen-config';

/**
 * A configuration profile with every root as a payload. Each identifier is derived from a fingerprint: the profile's from that of the
 * oldest root, so that a later profile replaces an installed one, also during a replacement of the root.
 * @param roots at least one
 */
export function mobileconfig(roots: readonly Root[]): string {
  const [oldest] = [...roots].sort((one, other) => one.notBefore - other.notBefore);
  const identifier = identifierOf(oldest);
  const names = [...new Set(roots.map(({ subject }) => escapeHtml(subject)))].join(' and ');
  const prints = roots.map(({ sha256 }) => sha256).join(' and ');
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>${identifier}</string>
  <key>PayloadUUID</key><string>${uuid(identifier)}</string>
  <key>PayloadDisplayName</key><string>${names}</string>
  <key>PayloadDescription</key><string>Trusts certificates of ${names}. SHA-256 of the root: ${prints}</string>
  <key>PayloadRemovalDisallowed</key><false/>
  <key>PayloadContent</key>
  <array>
${roots.map(payload).join('\n')}
  </array>
</dict>
</plist>
`;
}

const identifierOf = (root: Root | undefined): string => `upki.root.${root?.sha256.toLowerCase() ?? ''}`;

function payload(root: Root, index: number): string {
  const identifier = `${identifierOf(root)}.certificate`;
  return `    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>${identifier}</string>
      <key>PayloadUUID</key><string>${uuid(identifier)}</string>
      <key>PayloadDisplayName</key><string>${escapeHtml(root.subject)}</string>
      <key>PayloadCertificateFileName</key><string>upki-root${index === 0 ? '' : `-${index + 1}`}.cer</string>
      <key>PayloadContent</key>
      <data>${root.der.toString('base64')}</data>
    </dict>`;
}

/** RFC 9562 §5.8: version 8, from a hash. */
function uuid(text: string): string {
  const hash = createHash('sha256').update(text).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex').toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
