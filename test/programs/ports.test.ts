import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CannotStart } from '../../src/programs/exit.js';
import { freePorts, portProblem } from '../../src/programs/ports.js';

const wish = (port: number, host = '127.0.0.1') => ({ what: 'the RA', host, port, variable: 'UPKI_RA_PORT' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function occupied(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('ports', () => {
  it('configured as 0 are free ones, each different', async () => {
    const ports = await freePorts([wish(0), wish(0), wish(0)]);
    expect(new Set(ports).size).toBe(3);
    expect(ports).not.toContain(0);
  });

  it('that are free can be used right after', async () => {
    const [port = 0] = await freePorts([wish(0)]);
    expect(await freePorts([wish(port)])).toEqual([port]);
  });

  it('in use are refused with their variable', async () => {
    const port = await occupied();
    const refused = freePorts([wish(0), wish(port)], 0);
    await expect(refused).rejects.toThrow(CannotStart);
    await expect(refused).rejects.toThrow(
      `port ${port} for the RA is in use; end what uses it or set UPKI_RA_PORT`,
    );
  });

  it('configured twice are refused, too', async () => {
    const [port = 0] = await freePorts([wish(0)]);
    await expect(freePorts([wish(port), wish(port)], 0)).rejects.toThrow('is in use');
  });

  it('on an address this machine does not have are refused with the variable of the address', async () => {
    await expect(freePorts([wish(0, '192.0.2.1')])).rejects.toThrow('set UPKI_RA_HOST');
  });

  it('that need a privilege are refused with the variable', () => {
    const error = Object.assign(new Error('listen'), { code: 'EACCES' });
    expect(portProblem(error, wish(80))).toMatchObject({
      message: expect.stringContaining('set UPKI_RA_PORT to 1024'),
    });
  });

  it('that fail otherwise keep their error', () => {
    const error = new Error('other');
    expect(portProblem(error, wish(80))).toBe(error);
  });
});
