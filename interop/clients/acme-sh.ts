import type { Client } from '../client.js';
import { NotInstallable } from '../tools.js';

/** Reported, so that nobody believes it was driven. */
export const acmeSh: Client = {
  name: 'acme.sh',
  async install() {
    throw new NotInstallable('no package registry carries it; its installer downloads itself');
  },
};
