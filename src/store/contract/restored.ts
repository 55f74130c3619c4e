/** The setting that marks a database that was restored from a backup, or was accepted as it is: JSON with `of` and `at`, ms since the epoch. */
export const RESTORED = 'restored';
