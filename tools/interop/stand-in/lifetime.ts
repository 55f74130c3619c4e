/** What the name of a stand-in's data directory begins with; it is there for as long as the stand-in runs. */
export const DATA_FOLDER = 'upki-stand-in-';
/** Environment variable with two process ids, of the shell before the stand-in and of the suite: without one of them, nobody needs it any more. */
export const NEEDED_BY = 'STAND_IN_NEEDED_BY';
