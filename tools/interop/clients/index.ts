import type { Client } from '../client.js';
import { acmeClient } from './acme-client.js';
import { acmeSh } from './acme-sh.js';
import { acmeTiny } from './acme-tiny.js';
import { caddy, caddyNewest } from './caddy.js';
import { certbot, certbotDebian } from './certbot.js';
import { dehydrated } from './dehydrated.js';
import { goAcme, goAutocert } from './go-acme.js';
import { lego, legoNewest } from './lego.js';
import { traefik } from './traefik.js';
import { uacme } from './uacme.js';

/** In the order they are driven. */
export const CLIENTS: readonly Client[] = [
  certbot,
  certbotDebian,
  lego,
  legoNewest,
  dehydrated,
  uacme,
  acmeTiny,
  acmeClient,
  goAcme,
  goAutocert,
  caddy,
  caddyNewest,
  traefik,
  acmeSh,
];
