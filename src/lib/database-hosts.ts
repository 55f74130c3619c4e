/** URLs of PostgreSQL as libpq has them: several hosts between commas, each with its port, under one user and database. */

const SEVERAL = /^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)([^/?]+)(.*)$/;

/** A URL for each host, in their order; one for a URL that names one. */
export function hostUrls(url: string): string[] {
  const [, before = '', hosts = '', after = ''] = SEVERAL.exec(url) ?? [];
  if (!hosts.includes(',')) return [url];
  return hosts.split(',').map((host) => before + host + withoutSessionAttributes(after));
}

/** What libpq must be told, and the driver does not know: a host that takes writes is chosen in any case. */
function withoutSessionAttributes(rest: string): string {
  const [path = '', query = ''] = rest.split('?');
  const kept = query.split('&').filter((each) => each !== '' && !each.startsWith('target_session_attrs='));
  return kept.length > 0 ? `${path}?${kept.join('&')}` : path;
}

/** The value of `target_session_attrs`, if the URL has one. */
export function sessionAttributes(url: string): string | null {
  return /[?&]target_session_attrs=([^&]*)/.exec(url)?.[1] ?? null;
}
