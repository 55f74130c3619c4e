import { expect, it } from 'vitest';
import { run } from '../../../tools/kit/command.js';
import { freePorts } from '../../../tools/kit/upki.js';

it('ports that one process chose are not chosen by another, although nothing listens on them', async () => {
  const ours = await freePorts(3);
  const choose = `
    import { createSocket } from 'node:dgram';
    for (const port of [${ours}]) createSocket('udp4').once('error', ({ code }) => console.log(code)).bind(port + 20_000, '127.0.0.1', () => process.exit(1));`;
  expect(await run(process.execPath, ['--input-type=module', '-e', choose])).toBe('EADDRINUSE\n'.repeat(3));
});
