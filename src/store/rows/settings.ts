/** Small named values, and the proof that a write can be made durable; the same in both schemas. */
export interface SettingsOperations {
  getSetting(name: string): string | null;
  listSettings(prefix: string): string[];
  putSetting(name: string, value: string): void;
  /** Changes a page, so that COMMIT has something to write. */
  ping(): void;
}
