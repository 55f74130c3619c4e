import { hostUrls, sessionAttributes } from '../lib/database-hosts.js';
import { refuse, type SettingType } from './types.js';

/** The location of a program's database. The text is unchanged, because the database driver reads it. */
export const database: SettingType<string> = {
  allowed: 'sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT[,HOST:PORT…]/DATABASE',
  parse: (value) => {
    if (/^sqlite:[^\p{Cc}]+$/u.test(value)) return value;
    for (const one of hostUrls(value)) {
      const url = /^postgres(ql)?:\/\//.test(one) && URL.canParse(one) ? new URL(one) : refuse();
      if (url.pathname.length < 2) refuse('it names no database');
    }
    const wanted = sessionAttributes(value);
    if (wanted !== null && wanted !== 'read-write' && wanted !== 'primary')
      refuse('target_session_attrs is read-write in any case');
    return value;
  },
  format: (value) => value,
  mask: (value) => {
    if (value.startsWith('sqlite:')) return value;
    const all = hostUrls(value).map((one) => new URL(one));
    const { protocol = '', username = '', pathname = '' } = all[0] ?? {};
    return `${protocol}//${username && `${username}@`}${all.map(({ host }) => host).join()}${pathname}`;
  },
};
