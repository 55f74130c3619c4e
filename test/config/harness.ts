import { ConfigError, loadSettings, type Sources } from '../../src/config/index.js';

export type Given = Partial<Sources> & { files?: Record<string, string>; open?: string[] };

export function load({ files = {}, open = [], ...rest }: Given = {}) {
  const reader = {
    text: (path: string) => files[path] ?? null,
    isOpen: (path: string) => open.includes(path),
  };
  return loadSettings({ program: 'ra', env: {}, reader, ...rest });
}

export function complaints(sources: Parameters<typeof load>[0]): string[] {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.complaints;
    throw error;
  }
  return [];
}
