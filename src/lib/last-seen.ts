/** In a program's folder: how far it has seen its database (see programs/last-seen.ts). */
export const LAST_SEEN = 'last-seen.json';
