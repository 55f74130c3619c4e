/** Prefix of a stand-in's data directory, which exists as long as the stand-in runs. */
export const DATA_FOLDER = 'upki-stand-in-';
/** Environment variable with two process ids: the shell in front of the stand-in, and the suite. If one has ended, the stand-in ends. */
export const NEEDED_BY = 'STAND_IN_NEEDED_BY';
