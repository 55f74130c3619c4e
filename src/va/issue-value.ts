/** RFC 8659 §4.2: the value of CAA `issue` records, and of the records of dns-persist-01. */
interface IssueValue {
  /** Issuer domain name in lower case; empty when the value names no issuer. */
  issuer: string;
  /** In their order, with tags in lower case. A tag may occur several times. */
  parameters: readonly { tag: string; value: string }[];
}

const LABEL = /^[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*$/;
const VALUE = /^[\x21-\x3a\x3c-\x7e]*$/;

/** Null for text that does not match the grammar of RFC 8659 §4.2. Takes time linear in the length of the text. */
export function parseIssueValue(text: string): IssueValue | null {
  const parts = text.split(';').map(trimWsp);
  const [issuer = '', ...rest] = parts;
  // A single semicolon may follow the issuer without parameters.
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

/** Trims WSP (RFC 5234): only spaces and tabs, fewer characters than JavaScript's `trim`. */
function trimWsp(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWsp(text.charCodeAt(start))) start += 1;
  while (end > start && isWsp(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isWsp = (code: number): boolean => code === 0x20 || code === 0x09;
