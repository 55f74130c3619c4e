import { type SettingsOperations, shared } from '../rows/settings.js';
import { type SqliteOperations, write } from './protocol.js';
import { inSqlite } from './shared.js';

const common = inSqlite(shared);

export const settingsOperations = {
  ...common,

  countSetting: write((sql, name, facts) => {
    const value = common.getSetting.run(sql, name);
    const count = (value === null ? 0 : Number(JSON.parse(value).count)) + 1;
    common.putSetting.run(sql, name, JSON.stringify({ ...JSON.parse(facts), count }));
    return count;
  }),
} satisfies SqliteOperations<SettingsOperations>;
