import { httpServer } from './challenge-servers.js';
import { startDns, type ZoneAnswer } from './dns-server.js';

export interface TestDns {
  /** `address:port` of the DNS server. */
  address: string;
  /**
   * URL for hook scripts: `/set?name=…&value=…` adds a TXT record; `/clear` with the same parameters removes it, and
   * without a value removes all records of the name.
   */
  control: string;
  close(): Promise<void>;
}

/** A DNS server that answers 127.0.0.1 for every name, and TXT records that hook scripts of ACME clients set over HTTP. */
export async function startTestDns(port = 0): Promise<TestDns> {
  const texts = new Map<string, ReadonlySet<string>>();
  const dns = await startDns({}, (question) => answerTo(question, texts), port);
  const control = await httpServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const name = (searchParams.get('name') ?? '').toLowerCase().replace(/\.$/, '');
    const value = searchParams.get('value');
    const others = [...(texts.get(name) ?? [])].filter((text) => text !== value);
    if (pathname === '/set' && value !== null) texts.set(name, new Set([...others, value]));
    if (pathname === '/clear') texts.set(name, new Set(value === null ? [] : others));
    response.end();
  });
  return {
    address: `${dns.host}:${dns.port}`,
    control: `http://127.0.0.1:${control.port}`,
    async close() {
      await control.close();
      await dns.close();
    },
  };
}

/** A name without records of the requested type still exists. */
function answerTo(question: string, texts: ReadonlyMap<string, ReadonlySet<string>>): ZoneAnswer {
  const [type, name = ''] = question.split(' ');
  if (type === 'A') return { records: [{ a: '127.0.0.1' }] };
  if (type === 'TXT') return { records: [...(texts.get(name) ?? [])].map((text) => ({ txt: [text] })) };
  // There is one zone, the root.
  if (type === 'SOA' && !name.includes('.')) return { records: [{ soa: 'root' }] };
  return { records: [] };
}
