/** RFC 8659 §4.2: what CAA `issue` records and the records of dns-persist-01 say. */
interface IssueValue {
  /** Issuer domain name in lower case; empty when nobody is named. */
  issuer: string;
  /** In the order written, tags in lower case. The same tag may be there several times. */
  parameters: readonly { tag: string; value: string }[];
}

const LABEL = /^[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*$/;
const VALUE = /^[\x21-\x3a\x3c-\x7e]*$/;

/** Null for what does not match the grammar of RFC 8659 §4.2; linear in the length of the text. */
export function parseIssueValue(text: string): IssueValue | null {
  const parts = text.split(';').map(trimWsp);
  const [issuer = '', ...rest] = parts;
  // After the issuer a single semicolon may stand alone.
  const written = rest.length === 1 && rest[0] === '' ? [] : rest;
  if (issuer !== '' && !issuer.split('.').every((label) => LABEL.test(label))) return null;
  const parameters: { tag: string; value: string }[] = [];
  for (const part of written) {
    const at = part.indexOf('=');
    const tag = trimWsp(part.slice(0, Math.max(at, 0)));
    const value = trimWsp(part.slice(at + 1));
    if (at < 0 || !LABEL.test(tag) || !VALUE.test(value)) return null;
    parameters.push({ tag: tag.toLowerCase(), value });
  }
  return { issuer: issuer.toLowerCase(), parameters };
}

/** WSP of RFC 5234: spaces and tabs, and nothing else that JavaScript trims. */
function trimWsp(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWsp(text.charCodeAt(start))) start += 1;
  while (end > start && isWsp(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isWsp = (code: number): boolean => code === 0x20 || code === 0x09;
