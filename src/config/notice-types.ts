import { refuse, type SettingType, verbatim } from './types.js';

const MAIL = /^[^\s@<>,;:"()[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}$/;

/** Targets of notices: `mailto:ADDRESS` or webhook URLs. A URL may contain a secret, so errors never quote it. */
export const noticeTargets: SettingType<string[]> = {
  allowed:
    'mailto: addresses and https URLs without user and password (http for this machine alone), separated by commas',
  parse: (value) => {
    const parts = value.split(',').map((part) => part.trim());
    return parts.filter((part) => part !== '').map((part, index) => noticeTarget(part, index + 1));
  },
  format: (values) => values.join(','),
  mask: (values) =>
    values.map((value) => (value.startsWith('mailto:') ? value : `${new URL(value).origin}/…`)).join(','),
};

function noticeTarget(text: string, position: number): string {
  if (text.startsWith('mailto:')) {
    return MAIL.test(text.slice('mailto:'.length))
      ? text
      : refuse(`the one at ${position} is no mail address`);
  }
  const url = URL.canParse(text)
    ? new URL(text)
    : refuse(`the one at ${position} is neither mailto: nor a URL`);
  if (url.username || url.password) refuse(`the one at ${position} holds a user or password`);
  const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const isSecure = url.protocol === 'https:' || (url.protocol === 'http:' && isLocal);
  return isSecure ? url.href : refuse(`the one at ${position} is not https`);
}

export const webhookSecret = verbatim('whsec_ and 24 to 64 bytes in base64', (value) => {
  const [, text = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value) ?? refuse();
  const { length } = Buffer.from(text, 'base64');
  return length >= 24 && length <= 64 ? value : refuse(`it holds ${length} bytes`);
});

/** A mail server. */
export const smtp: SettingType<string> = {
  allowed: 'smtp://USER:PASSWORD@HOST:PORT or smtps://…, with ?from=ADDRESS',
  parse: (value) => {
    const url = URL.canParse(value) ? new URL(value) : refuse('it is not a URL');
    if (!['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') refuse();
    const from = url.searchParams.get('from');
    if (from !== null && !MAIL.test(from)) refuse('"from" is no mail address');
    if (!isDecodable(url.username) || !isDecodable(url.password)) {
      refuse('write a % of the user or the password as %25');
    }
    return value;
  },
  format: (value) => value,
  mask: (value) => {
    const { protocol, username, host } = new URL(value);
    return `${protocol}//${username && `${username}@`}${host}`;
  },
};

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
