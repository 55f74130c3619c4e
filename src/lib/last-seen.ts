/** File in a program's folder that records how much of the database it has seen (see programs/last-seen.ts). */
export const LAST_SEEN = 'last-seen.json';
