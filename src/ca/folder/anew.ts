/** What may be made again of a CA that exists, on purpose and by name. */
export const MADE_ANEW = ['channel.key', 'seed', 'database'] as const;
export type MadeAnew = (typeof MADE_ANEW)[number];
