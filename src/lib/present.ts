type Present<Members> = { [Name in keyof Members]?: NonNullable<Members[Name]> };

/** The members that are neither null nor undefined, for an object whose optional members are absent. */
export function present<Members extends object>(members: Members): Present<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as Present<Members>;
}
