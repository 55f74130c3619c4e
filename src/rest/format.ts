import { Problem } from '../model/problem.js';

/** The formats of a certificate with its chain. */
export const JSON_OR_CHAIN = {
  json: 'application/json',
  chain: 'application/pem-certificate-chain', // RFC 8555 §9.1
};

/**
 * Chooses the format of a file: `?format=`, else the first media type of `Accept` that exists (RFC 9110 §12.5.1, in the client's
 * order, weights are ignored), else the first of `formats`.
 * @throws Problem 400 for an unknown `format`
 */
export function chooseFormat<Format extends string>(
  formats: Record<Format, string>,
  asked: unknown,
  accept: string | undefined,
): Format {
  const names = Object.keys(formats) as Format[];
  const [first] = names;
  if (first === undefined) throw new Error('chooseFormat wants at least one format');
  if (asked !== undefined) {
    const name = names.find((each) => each === asked);
    if (name) return name;
    throw new Problem('malformed', `format must be one of ${names.join(', ')}`);
  }
  const types = (accept ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  for (const type of types) {
    const name = names.find((each) => formats[each] === type);
    if (name) return name;
  }
  return first;
}
