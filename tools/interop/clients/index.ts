import type { Client } from '../client.js';
import { acmeClient } from './acme-client.js';
import { acmeSh } from './acme-sh.js';
import { acmeTiny } from './acme-tiny.js';
import { acme4j } from './acme4j.js';
import { ansible } from './ansible.js';
import { caddy, caddyNewest } from './caddy.js';
import { certbot, certbotDebian } from './certbot.js';
import { dehydrated } from './dehydrated.js';
import { getssl } from './getssl.js';
import { goAcme, goAutocert } from './go-acme.js';
import { haproxy } from './haproxy.js';
import { instantAcme } from './instant-acme.js';
import { lego, legoNewest } from './lego.js';
import { modMd } from './mod-md.js';
import { nginxAcme } from './nginx-acme.js';
import { traefik } from './traefik.js';
import { uacme } from './uacme.js';

/** In the order they run. */
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
  acme4j,
  instantAcme,
  modMd,
  caddy,
  caddyNewest,
  traefik,
  acmeSh,
  getssl,
  ansible,
  haproxy,
  nginxAcme,
];
