/** PostgreSQL URLs in libpq's notation: several hosts with their ports, separated by commas, for one user and database. */

const SCHEME = /^postgres(?:ql)?:\/\//;

/** One URL for each host, in their order. */
export function hostUrls(url: string): string[] {
  const from = SCHEME.exec(url)?.[0].length;
  if (from === undefined) return [url];
  const length = url.slice(from).search(/[/?]/);
  const to = length < 0 ? url.length : from + length;
  const hostsFrom = from + url.slice(from, to).lastIndexOf('@') + 1;
  const hosts = url.slice(hostsFrom, to);
  if (!hosts.includes(',')) return [url];
  const before = url.slice(0, hostsFrom);
  return hosts.split(',').map((host) => before + host + withoutSessionAttributes(url.slice(to)));
}

/** Removes a parameter of libpq that the driver does not know: a host that accepts writes is chosen in any case. */
function withoutSessionAttributes(rest: string): string {
  const [path = '', query = ''] = rest.split('?');
  const kept = query.split('&').filter((each) => each !== '' && !each.startsWith('target_session_attrs='));
  return kept.length > 0 ? `${path}?${kept.join('&')}` : path;
}

/** The value of `target_session_attrs`, if the URL has one. */
export function sessionAttributes(url: string): string | null {
  return /[?&]target_session_attrs=([^&]*)/.exec(url)?.[1] ?? null;
}
