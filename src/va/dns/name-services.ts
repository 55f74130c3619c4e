/** The system's sources of host names, in order; `others`: services that this program uses only through the system. */
export interface NameServices {
  order: ('files' | 'dns')[];
  others: boolean;
}

/**
 * Reads the `hosts` line of nsswitch.conf(5); without one, the hosts file comes first, then DNS. systemd's
 * `resolve` reads the hosts file and queries the server in resolv.conf.
 */
export function parseNameServices(text: string): NameServices {
  const line = text.split('\n').find((each) => /^\s*hosts\s*:/.test(each));
  if (line === undefined) return { order: ['files', 'dns'], others: false };
  const order = new Set<'files' | 'dns'>();
  let others = false;
  const words = (line.split('#', 1)[0] ?? '').slice(line.indexOf(':') + 1).match(/\[[^\][]*\]|[^\s[]+/g);
  let last = '';
  for (const word of words ?? []) {
    if (word.startsWith('[')) {
      // After NOTFOUND=return, later services are not queried. It is ignored for other services, which know few names.
      if (/notfound\s*=\s*return/i.test(word) && ['files', 'dns', 'resolve'].includes(last)) break;
      continue;
    }
    last = word;
    if (word === 'files' || word === 'resolve') order.add('files');
    if (word === 'dns' || word === 'resolve') order.add('dns');
    if (!['files', 'dns', 'resolve'].includes(word)) others = true;
  }
  return { order: [...order], others };
}
