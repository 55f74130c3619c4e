import { createHash } from 'node:crypto';
import { afterEach } from 'vitest';
import type { ValidationRequest, ValidationResult } from '../../src/va/types.js';
import { createValidator, type ValidatorOptions } from '../../src/va/validator.js';
import { type DnsServer, startDns, type ZoneAnswer } from '../../tools/kit/dns-server.js';

export const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ';
export const KEY_AUTHORIZATION = `${TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI`;
export const DIGEST = createHash('sha256').update(KEY_AUTHORIZATION).digest('base64url');

const ending: (() => Promise<void>)[] = [];
/** Closes what a test opened when it ends. */
export const closing = <T extends { close(): Promise<void> }>(opened: T): T => {
  ending.push(() => opened.close());
  return opened;
};
afterEach(async () => {
  for (const close of ending.splice(0)) await close();
});

export const dnsZone = async (zone: Record<string, ZoneAnswer> = {}): Promise<DnsServer> =>
  closing(await startDns(zone));

/** What a client asks to be validated, with defaults. */
export function request(overrides: Partial<ValidationRequest> = {}): ValidationRequest {
  return {
    type: 'http-01',
    identifier: { type: 'dns', value: 'app.example.test' },
    wildcard: false,
    token: TOKEN,
    keyAuthorization: KEY_AUTHORIZATION,
    accountUris: async () => ['https://ra.example.test/acme/account/1'],
    ...overrides,
  };
}

/** Validates against a zone with a validator made for it. */
export async function validate(
  dns: DnsServer,
  overrides: Partial<ValidationRequest> = {},
  options: ValidatorOptions = {},
): Promise<ValidationResult> {
  return createValidator({ resolvers: [dns], timeout: 3000, ...options }).validate(request(overrides));
}

/** The failure a validation ended in. */
export function failure(result: ValidationResult): Extract<ValidationResult, { ok: false }> {
  if (result.ok) throw new Error('the validation succeeded');
  return result;
}
